#pragma once

#include "adapters/http/message.hpp"
#include "adapters/http/routes/sql_body.hpp"
#include "adapters/http/routes/stream_sink.hpp"
#include "async/task_group.hpp"
#include "base/unique_function.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace zs::http {

enum class ResultForm { Json, Ndjson, Csv };

// What an Accept header asks for among the forms of a result. JSON when it names none of them:
// Accept never causes an error.
ResultForm result_form(std::string_view accept);

// Turns running statements into replies. JSON is one body, bounded in rows and bytes. NDJSON and
// CSV go out while the engine works; when they are small they, too, are one body.
// Lifetime: the event loops must still run when it is destroyed: it waits for the statements of
// open streams, whose responses are gone by then. Threading: any.
class SqlAnswers {
public:
    // Runs the statement into a sink.
    using Run =
        UniqueFunction<async::Task<Result<data::SqlSummary>>(std::shared_ptr<data::RowSink>)>;
    struct Options {
        RowFormat rows = RowFormat::Objects;
        Millis timeout{30'000};  // of the statement: also how long a slow reader may hold it
    };
    struct Limits {
        std::size_t json_bytes_max = std::size_t{64} << 20;
    };

    SqlAnswers(async::Executor executor, Limits limits);
    explicit SqlAnswers(async::Executor executor) : SqlAnswers(std::move(executor), Limits()) {}
    ~SqlAnswers();
    SqlAnswers(const SqlAnswers&) = delete;
    SqlAnswers& operator=(const SqlAnswers&) = delete;

    async::Task<Result<Response>> json(Options options, Run run);
    async::Task<Result<Response>> stream(ResultForm form, std::string request_id,
                                         std::stop_token cancelled, Options options, Run run);

private:
    const Limits limits_;
    async::TaskGroup streams_;
};

}  // namespace zs::http

#include "adapters/relational/postgres/connection.hpp"

#include "adapters/relational/postgres/libpq_handles_impl.hpp"
#include "adapters/relational/postgres/parameters.hpp"
#include "adapters/relational/postgres/url.hpp"
#include "adapters/relational/postgres/values.hpp"
#include "base/encoding.hpp"
#include "base/log.hpp"

#include <charconv>
#include <poll.h>
#include <string>
#include <unordered_map>

namespace zs::relational::postgres {
namespace {

// The server gives up first (statement_timeout); this is for a server that says nothing any more.
constexpr Millis kSilenceMargin{10'000};

// A statement as this connection knows it. The first run answers text, whose columns tell the
// types; from then on the answers are binary when every type is one that we read.
struct Prepared {
    std::string name;
    NumberedSql sql;
    bool ready = false;
    bool is_underway = false;  // an earlier command of the same exchange prepares it
    bool binary = false;
};

std::string field(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text == nullptr ? std::string() : text;
}

Failure failure_of(const PGresult* result, std::string_view sql) {
    ServerMessage message;
    message.state = field(result, PG_DIAG_SQLSTATE);
    message.text = field(result, PG_DIAG_MESSAGE_PRIMARY);
    message.detail = field(result, PG_DIAG_MESSAGE_DETAIL);
    message.table = field(result, PG_DIAG_TABLE_NAME);
    message.column = field(result, PG_DIAG_COLUMN_NAME);
    message.constraint = field(result, PG_DIAG_CONSTRAINT_NAME);
    // libpq's own errors, such as a hang-up, have no SQLSTATE.
    if (message.state.empty()) return connection_lost(PQresultErrorMessage(result));
    return to_failure(message, sql);
}

bool all_known_binary(const PGresult* result) {
    for (int i = 0; i < PQnfields(result); ++i) {
        if (!is_known_binary(PQftype(result, i))) return false;
    }
    return true;
}

Result<Answer> read_answer(const PGresult* result) {
    Answer answer;
    const std::string_view affected = PQcmdTuples(const_cast<PGresult*>(result));
    std::from_chars(affected.data(), affected.data() + affected.size(), answer.affected);
    const int columns = PQnfields(result);
    const int rows = PQntuples(result);
    answer.rows.reserve(static_cast<std::size_t>(rows));
    for (int r = 0; r < rows; ++r) {
        std::vector<Value> values(static_cast<std::size_t>(columns));
        for (int c = 0; c < columns; ++c) {
            if (PQgetisnull(result, r, c) != 0) continue;
            const std::string_view bytes(PQgetvalue(result, r, c),
                                         static_cast<std::size_t>(PQgetlength(result, r, c)));
            auto value = PQfformat(result, c) == 1 ? decode_binary(PQftype(result, c), bytes)
                                                   : decode_text(PQftype(result, c), bytes);
            if (!value) return std::move(value).error();
            values[static_cast<std::size_t>(c)] = std::move(*value);
        }
        answer.rows.emplace_back(std::move(values));
    }
    return answer;
}

Failure bad_url() {
    return {
        invalid_argument("the PostgreSQL URL cannot be read; expected postgres://user:password@"
                         "host:port/database, with @ : / ? # % in the password percent-encoded",
                         "invalid_database_url")};
}

Failure cannot_connect(const PGconn* connection) {
    const std::string_view why = PQerrorMessage(connection);
    // Of a number that is none, such as a port; what stands there may be a piece of a password.
    if (why.starts_with("invalid ")) return bad_url();
    return {unavailable("cannot connect to PostgreSQL: " + std::string(trim(why)),
                        "database_unavailable")};
}

void drop_notice(void*, const char* text) {
    log::debug("PostgreSQL says", {{"notice", text}});
}

}  // namespace

struct Connection::State {
    ConnectionPtr pq;
    Millis statement_timeout{0};
    bool broken = false;
    std::size_t forgotten = 0;  // syncs of answers that nobody waits for
    std::uint64_t names = 0;
    std::unordered_map<std::string, Prepared> prepared;

    async::Deadline deadline() const {
        if (statement_timeout.count() == 0) return async::Deadline::never();
        return async::Deadline::after(statement_timeout + kSilenceMargin);
    }

    Failure lost() {
        broken = true;
        return connection_lost(PQerrorMessage(pq.get()));
    }

    // Waits until libpq has a whole result, sending what is still to be sent meanwhile.
    Outcome<ResultPtr> next(async::Deadline until) {
        while (true) {
            const int unsent = PQflush(pq.get());
            if (unsent < 0) return lost();
            if (PQisBusy(pq.get()) == 0) break;
            const short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;
            pollfd waiting{PQsocket(pq.get()), events, 0};
            const auto left = std::chrono::ceil<Millis>(until.remaining());
            const int ready =
                ::poll(&waiting, 1, until.is_never() ? -1 : static_cast<int>(left.count()));
            if (ready == 0) {
                broken = true;
                return Failure{deadline_exceeded("PostgreSQL did not answer in time")};
            }
            if (ready < 0 && errno != EINTR) return lost();
            if (ready > 0 && PQconsumeInput(pq.get()) == 0) return lost();
        }
        return ResultPtr(PQgetResult(pq.get()));
    }

    // All results up to the next sync.
    Outcome<std::vector<ResultPtr>> next_batch(async::Deadline until) {
        std::vector<ResultPtr> results;
        int empty = 0;
        while (true) {
            auto result = next(until);
            if (!result) return std::move(result).error();
            if (*result == nullptr) {
                // One ends each command; two mean that nothing more will come.
                if (++empty > 1) return lost();
                continue;
            }
            empty = 0;
            const auto status = PQresultStatus(result->get());
            if (status == PGRES_PIPELINE_SYNC) return results;
            if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) return lost();
            results.push_back(std::move(*result));
        }
    }

    Outcome<void> read_forgotten(async::Deadline until) {
        while (forgotten > 0) {
            auto batch = next_batch(until);
            if (!batch) return std::move(batch).error();
            --forgotten;
        }
        return {};
    }

    // One command on its way: what was sent for it, and what it is called if it fails.
    struct Sent {
        const Command* command = nullptr;
        EncodedParameters params;
        Prepared* prepared = nullptr;  // of `State::prepared`, whose elements do not move
        bool prepares = false;
    };

    Result<Sent> encode_command(const Command& command) {
        Sent sent;
        sent.command = &command;
        if (!command.prepare) return sent;
        auto params = encode(command.params);
        if (!params) return std::move(params).error();
        sent.params = std::move(*params);
        auto& entry = prepared[sent.params.signature + " " + std::string(command.sql)];
        if (entry.name.empty()) {
            entry.name = "zs" + std::to_string(++names);
            entry.sql = number_parameters(command.sql);
        }
        sent.prepared = &entry;
        const auto wanted = static_cast<std::size_t>(entry.sql.parameters);
        if (wanted != command.params.size()) {
            return internal_error("PostgreSQL: the statement takes " + std::to_string(wanted)
                                  + " parameters and got " + std::to_string(command.params.size())
                                  + ": " + std::string(command.sql.substr(0, 200)));
        }
        return sent;
    }

    bool send(Sent& sent) {
        auto* c = pq.get();
        if (sent.prepared == nullptr) {
            const std::string sql(sent.command->sql);
            return PQsendQueryParams(c, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
        }
        auto& entry = *sent.prepared;
        const auto& params = sent.params;
        const auto count = static_cast<int>(params.types.size());
        sent.prepares = !entry.ready && !entry.is_underway;
        entry.is_underway = true;
        if (sent.prepares
            && PQsendPrepare(c, entry.name.c_str(), entry.sql.text.c_str(), count,
                             params.types.data())
                   != 1) {
            return false;
        }
        return PQsendQueryPrepared(c, entry.name.c_str(), count, params.values.data(),
                                   params.lengths.data(), params.formats.data(),
                                   entry.binary ? 1 : 0)
               == 1;
    }

    Failure failed(const PGresult* result, std::string_view sql) {
        auto failure = failure_of(result, sql);
        if (failure.remedy == Remedy::Reconnect) broken = true;
        return failure;
    }

    // The results of one command, from `at` on.
    Outcome<Answer> take_answer(Sent& sent, const std::vector<ResultPtr>& results,
                                std::size_t& at) {
        const int expected = sent.prepares ? 2 : 1;
        for (int i = 0; i < expected; ++i) {
            if (at >= results.size()) return lost();
            const auto* result = results[at++].get();
            const auto status = PQresultStatus(result);
            if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK
                && status != PGRES_EMPTY_QUERY) {
                return failed(result, sent.command->sql);
            }
            if (i + 1 < expected) {
                sent.prepared->ready = true;
                continue;
            }
            auto answer = read_answer(result);
            if (!answer) return Failure{std::move(answer).error()};
            if (sent.prepares) sent.prepared->binary = all_known_binary(result);
            return std::move(*answer);
        }
        return lost();
    }
};

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}

Connection::~Connection() = default;

Outcome<std::unique_ptr<Connection>> Connection::open(const ConnectOptions& options) {
    const std::string url(options.url.reveal());
    if (!is_unambiguous_url(url)) return bad_url();
    auto* parsed = PQconninfoParse(url.c_str(), nullptr);
    if (parsed == nullptr) return bad_url();  // libpq's own complaint would quote the URL
    PQconninfoFree(parsed);
    const auto timeout = std::to_string(std::max<std::int64_t>(options.connect_timeout.count(), 2));
    // What stands before dbname is a default that the URL may override.
    const char* const keys[] = {"connect_timeout",
                                "keepalives_idle",
                                "tcp_user_timeout",
                                "application_name",
                                "dbname",
                                "client_encoding",
                                nullptr};
    const char* const values[] = {timeout.c_str(), "30",   "30000", "zserver",
                                  url.c_str(),     "UTF8", nullptr};
    auto state = std::make_unique<State>();
    state->pq.reset(PQconnectdbParams(keys, values, 1));
    if (PQstatus(state->pq.get()) != CONNECTION_OK) return cannot_connect(state->pq.get());
    PQsetNoticeProcessor(state->pq.get(), drop_notice, nullptr);
    if (PQsetnonblocking(state->pq.get(), 1) != 0) return state->lost();
    if (PQenterPipelineMode(state->pq.get()) != 1) return state->lost();
    state->statement_timeout = options.statement_timeout;
    std::unique_ptr<Connection> made(new Connection(std::move(state)));
    const auto statement_ms = std::to_string(options.statement_timeout.count());
    auto set = made->script("set statement_timeout = " + statement_ms
                            + "; set idle_in_transaction_session_timeout = '60s'"
                              "; set datestyle = 'ISO'; set extra_float_digits = 3"
                              "; set bytea_output = 'hex'");
    if (!set) return std::move(set).error();
    return made;
}

Outcome<std::vector<Answer>> Connection::exchange(std::span<const Command> commands) {
    auto& state = *state_;
    std::vector<State::Sent> sent;
    sent.reserve(commands.size());
    for (const auto& command : commands) {
        auto encoded = state.encode_command(command);
        if (!encoded) return Failure{std::move(encoded).error()};
        sent.push_back(std::move(*encoded));
    }
    for (auto& one : sent) {
        if (!state.send(one)) return state.lost();
    }
    for (auto& one : sent) {
        if (one.prepared != nullptr) one.prepared->is_underway = false;
    }
    if (PQpipelineSync(state.pq.get()) != 1) return state.lost();
    const auto until = state.deadline();
    if (auto done = state.read_forgotten(until); !done) return std::move(done).error();
    auto results = state.next_batch(until);
    if (!results) return std::move(results).error();
    std::vector<Answer> answers;
    std::size_t at = 0;
    for (auto& one : sent) {
        auto answer = state.take_answer(one, *results, at);
        if (!answer) return std::move(answer).error();
        answers.push_back(std::move(*answer));
    }
    return answers;
}

void Connection::send_and_forget(std::string_view sql) {
    auto& state = *state_;
    const std::string text(sql);
    const bool sent =
        !state.broken
        && PQsendQueryParams(state.pq.get(), text.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0)
               == 1
        && PQpipelineSync(state.pq.get()) == 1 && PQflush(state.pq.get()) >= 0;
    if (sent) {
        ++state.forgotten;
    } else {
        state.broken = true;
    }
}

Outcome<void> Connection::script(std::string_view sql) {
    auto& state = *state_;
    const auto until = async::Deadline::never();  // schema changes take as long as they take
    if (auto done = state.read_forgotten(until); !done) return done;
    const std::string text(sql);
    if (PQexitPipelineMode(state.pq.get()) != 1) return state.lost();
    if (PQsendQuery(state.pq.get(), text.c_str()) != 1) return state.lost();
    std::optional<Failure> failure;
    while (true) {
        auto result = state.next(until);
        if (!result) return std::move(result).error();
        if (*result == nullptr) break;
        const auto status = PQresultStatus(result->get());
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) return state.lost();
        if (status == PGRES_FATAL_ERROR && !failure) failure = state.failed(result->get(), sql);
    }
    if (PQenterPipelineMode(state.pq.get()) != 1) return state.lost();
    if (failure) return *std::move(failure);
    return {};
}

bool Connection::is_usable() {
    auto& state = *state_;
    if (state.broken || PQstatus(state.pq.get()) != CONNECTION_OK) return false;
    // What comes unasked is the farewell of a server that shuts down, and then the hang-up: two
    // reads.
    pollfd waiting{PQsocket(state.pq.get()), POLLIN, 0};
    for (int reads = 0; reads < 3 && ::poll(&waiting, 1, 0) > 0; ++reads) {
        if (PQconsumeInput(state.pq.get()) == 0) state.broken = true;
    }
    return !state.broken && PQstatus(state.pq.get()) == CONNECTION_OK;
}

bool Connection::in_transaction() const {
    const auto status = PQtransactionStatus(state_->pq.get());
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

std::size_t Connection::statement_count() const {
    return state_->prepared.size();
}

void Connection::forget_statements() {
    send_and_forget("deallocate all");
    state_->prepared.clear();
}

}  // namespace zs::relational::postgres

#pragma once

#include <memory>
#include <string>
#include <vector>

namespace zs::bench {

// One libpq connection with prepared statements and text parameters, blocking.
// Threading: one at a time. Errors: throws Failure with the server's message.
class PgClient {
public:
    explicit PgClient(const std::string& conninfo);
    ~PgClient();
    PgClient(const PgClient&) = delete;
    PgClient& operator=(const PgClient&) = delete;

    void run(const std::string& script);
    void prepare(const std::string& name, const std::string& sql);
    // Answers the number of rows of a query, or 0.
    int execute(const std::string& name, const std::vector<std::string>& params);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace zs::bench

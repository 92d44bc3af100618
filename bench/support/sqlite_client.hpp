#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace zs::bench {

// Bare SQLite in this process: WAL, synchronous=FULL, one connection, prepared statements.
// Threading: one at a time. Errors: throws Failure with SQLite's message.
class SqliteClient {
public:
    explicit SqliteClient(const std::filesystem::path& file);
    ~SqliteClient();
    SqliteClient(const SqliteClient&) = delete;
    SqliteClient& operator=(const SqliteClient&) = delete;

    void run(const std::string& script);

    class Statement {
    public:
        Statement(SqliteClient& client, const std::string& sql);
        ~Statement();
        Statement(const Statement&) = delete;
        Statement& operator=(const Statement&) = delete;

        Statement& bind(int index, std::int64_t value);
        Statement& bind(int index, const std::string& value);
        // Steps to the end, reads every column, resets. Answers the number of rows.
        int execute();

    private:
        struct Impl;
        std::unique_ptr<Impl> impl_;
    };

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace zs::bench

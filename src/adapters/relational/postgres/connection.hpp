#pragma once

#include "adapters/relational/postgres/failure.hpp"
#include "adapters/relational/row.hpp"
#include "async/deadline.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace zs::relational::postgres {

struct ConnectOptions {
    Secret url;
    Seconds connect_timeout{30};
    Millis statement_timeout{30'000};  // 0: none
};

// A statement with `?` for parameters. What it points to outlives the exchange.
struct Command {
    std::string_view sql;
    std::span<const Value> params;
    bool prepare = true;  // keep the plan on this connection
};

struct Answer {
    Rows rows;
    std::int64_t affected = 0;
};

// One connection in libpq's pipeline mode.
// Threading: one thread at a time; every method may block for a network round trip.
// Errors:    Failure, see failure.hpp. After one with Remedy::Reconnect the connection is unusable.
class Connection {
public:
    // Errors: InvalidArgument for a URL that cannot be read; Unavailable. Never holds the password.
    static Outcome<std::unique_ptr<Connection>> open(const ConnectOptions& options);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Sends all commands, then waits for all answers: one round trip. After the first failure the
    // server skips the rest.
    Outcome<std::vector<Answer>> exchange(std::span<const Command> commands);
    // Sends without waiting; the answer is dropped on the way to the next one.
    void send_and_forget(std::string_view sql);
    // Many statements in PostgreSQL's simple protocol.
    Outcome<void> script(std::string_view sql);

    // Whether the next exchange has a chance: looks for a hang-up without a round trip.
    bool is_usable();
    // Of the last answer read: inside a transaction block, failed or not.
    bool in_transaction() const;
    std::size_t statement_count() const;
    // Drops the prepared statements, without a round trip. Outside transactions.
    void forget_statements();

private:
    struct State;
    explicit Connection(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace zs::relational::postgres

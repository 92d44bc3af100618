#pragma once

#include "async/task.hpp"
#include "core/identity/audit.hpp"
#include "core/identity/environment.hpp"
#include "core/identity/session.hpp"
#include "core/identity/user.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zs::identity {

struct NewSession {
    Session session;
    RefreshToken token;
    // The hash the password was checked against: when it changed meanwhile, or the user was
    // disabled, nothing is made.
    std::string expected_password_hash;
    std::optional<std::string> new_password_hash;  // stored when parameters changed
};

struct Rotation {
    std::string presented_hash;
    RefreshToken successor;
    std::optional<Environment> environment;  // switches the session
    Timestamp now;
    Millis grace{0};
};

struct RotationResult {
    RefreshVerdict verdict = RefreshVerdict::Refuse;
    Session session;  // as it is afterwards
    User user;
    RefreshToken successor;  // what to hand out for Rotate and RepeatSuccessor
};

struct SessionEnd {
    UserId user_id;
    std::optional<SessionId> session_id;  // every session of the user when absent
};

struct SessionTouch {
    SessionId id;
    Timestamp at;
};

// Where sign-ins and their refresh tokens live. Each method is one transaction; the writing ones
// append their audit entry in it.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: success means the change survives power loss; touch() may be lost.
// Errors:     any method may answer Unavailable; the rest is listed below.
class SessionStore {
public:
    virtual ~SessionStore() = default;
    // Answers the sessions that ended because the user has too many, oldest first.
    // Errors: Unauthenticated when the user changed since the password was checked.
    virtual async::Task<Result<std::vector<SessionId>>> create(NewSession session,
                                                               AuditEntry audit) = 0;
    // Judges the presented token and acts on it. An unknown token or a disabled user is Refuse. On
    // RevokeFamily the session has ended and `audit_reuse` is written.
    virtual async::Task<Result<RotationResult>> rotate(Rotation rotation,
                                                       AuditEntry audit_reuse) = 0;
    // Live ones, newest first.
    virtual async::Task<Result<std::vector<Session>>> list(UserId user_id, Timestamp now) = 0;
    // Answers those that were live until now. Nothing is audited when there are none.
    virtual async::Task<Result<std::vector<SessionId>>> end(SessionEnd which, AuditEntry audit) = 0;
    virtual async::Task<Result<void>> touch(std::vector<SessionTouch> touches) = 0;
    // Forgets what ended or expired before `before`. Answers how many.
    virtual async::Task<Result<std::int64_t>> purge(Timestamp before) = 0;
};

}  // namespace zs::identity

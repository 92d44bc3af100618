#pragma once

#include "async/turnstile.hpp"

namespace zs::sqlite {

// Whose turn it is to write to one database in this process. SQLite's own lock is taken only by its
// holder, so nobody here spins on SQLITE_BUSY.
using WriteLock = async::Turnstile;

}  // namespace zs::sqlite

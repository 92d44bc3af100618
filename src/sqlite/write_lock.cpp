#include "sqlite/write_lock.hpp"

#include "sqlite/memory_guard.hpp"

#include "sqlite/statement.hpp"

#include "sqlite/connection.hpp"

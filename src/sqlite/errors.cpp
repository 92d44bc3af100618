#include "sqlite/errors.hpp"

#include "sqlite/group_writer.hpp"

#include "adapters/process/restart_helper.hpp"
#include "adapters/process/shim.hpp"

#include <gtest/gtest.h>

#include <string_view>

// The tests' own main: shims, and servers that are to be killed, are this program again.
int main(int argc, char** argv) {
    if (zs::process::is_shim_command(argc, argv)) return zs::process::run_shim();
    if (argc == 4 && std::string_view(argv[1]) == zs::process::kRestartHelper) {
        return zs::process::serve_one_job(argv[2], argv[3]);
    }
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}

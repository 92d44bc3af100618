#include "server/commands/program.hpp"

int main(int argc, char** argv) {
    return zs::server::run_program(argc, argv);
}

// zserver with one more kind of jobs: word-count. Everything else is as in zserver itself.

#include "server/commands/program.hpp"
#include "word_count.hpp"

int main(int argc, char** argv) {
    zs::server::Extensions extensions;
    extensions.handlers.add("word-count", example::count_words);
    extensions.handler_slots = 2;
    return zs::server::run_program(argc, argv, std::move(extensions));
}

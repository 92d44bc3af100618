#include "support/failure.hpp"
#include "support/servers.hpp"

#include <fstream>
#include <unistd.h>

namespace zs::bench {

namespace {

std::string in_quotes(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out.push_back('\\');
        out.push_back(c);
    }
    return out + "'";
}

std::string configuration(const Nginx::Options& options, std::uint16_t port) {
    const std::string directory = options.directory.string();
    const std::string log =
        options.access_log ? "access_log " + directory + "/access.log;\n" : "access_log off;\n";
    const std::string answer = "default_type " + in_quotes(options.content_type) + "; return 200 "
                               + in_quotes(options.body) + "; }\n";
    std::string text;
    text += "daemon off;\nworker_processes " + std::to_string(options.workers) + ";\n";
    if (::geteuid() == 0) text += "user root;\n";
    text += "pid " + directory + "/pid;\nerror_log " + directory + "/error.log;\n";
    text += "events { worker_connections 4096; }\nhttp {\n" + log;
    text += "keepalive_requests 1000000000;\nkeepalive_timeout 75s;\n";
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
        text += std::string(kind) + "_temp_path " + directory + "/" + kind + ";\n";
    }
    text += "server { listen 127.0.0.1:" + std::to_string(port) + " reuseport;\n";
    text += "location = /hello { " + answer + "location = /same_headers { ";
    for (const auto& [name, value] : options.headers) {
        text += "add_header " + name + " " + in_quotes(value) + "; ";
    }
    return text + answer + options.locations + "} }\n";
}

void wait_until_ready(Endpoint endpoint, Process& process) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (true) {
        try {
            HttpClient(endpoint).send(request_text("GET", "/hello"));
            return;
        } catch (const Failure&) {
            if (!process.is_running() || std::chrono::steady_clock::now() > end) throw;
        }
        ::usleep(2000);
    }
}

}  // namespace

Nginx::Nginx(const Options& options) {
    std::filesystem::create_directories(options.directory);
    endpoint_.port = free_port();
    const auto file = options.directory / "nginx.conf";
    std::ofstream(file) << configuration(options, endpoint_.port);
    Command command;
    command.arguments = {"nginx", "-p", options.directory.string(), "-c", file.string()};
    command.environment = {{"PATH", "/usr/sbin:/usr/local/sbin:/usr/bin:/bin"}};
    command.log = options.directory / "stderr.log";
    process_.emplace(command);
    wait_until_ready(endpoint_, *process_);
}

}  // namespace zs::bench

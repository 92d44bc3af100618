#include "server/commands/own_server.hpp"

#include <cstdlib>
#include <utility>

namespace zs::server {
namespace {

constexpr std::string_view kListening = "zserver listening on ";
constexpr std::string_view kToken = "dev token (24 h, role admin): ";
constexpr std::string_view kWorking = "zserver worker ";

std::string rest_of_line(std::string_view text, std::string_view label) {
    const auto begin = text.find(label);
    if (begin == std::string_view::npos) return {};
    const auto from = begin + label.size();
    return std::string(text.substr(from, text.find('\n', from) - from));
}

}  // namespace

OwnServer::OwnServer(std::filesystem::path data, std::vector<std::string> variables)
    : data_(std::move(data)), variables_(std::move(variables)) {}

Result<void> OwnServer::start_blocking() {
    std::vector<std::string> variables{"ZOBS_METRICS_ADDR=127.0.0.1:0",
                                       "ZRATE_LIMIT_USER_PER_MINUTE=0", "ZOBS_LOG_LEVEL=error",
                                       "ZWORKER_TEMP_DIR=" + (data_ / "worker").string()};
    variables.insert(variables.end(), variables_.begin(), variables_.end());
    auto said = process_.start_blocking(
        {"server", "--dev", "--host", "127.0.0.1", "--port", port_, "--data", data_.string()},
        variables, kToken);
    if (!said) {
        process_.kill_blocking();
        return std::move(said).error();
    }
    url_ = rest_of_line(*said, kListening);
    token_ = rest_of_line(*said, kToken);
    port_ = url_.substr(url_.rfind(':') + 1);
    return {};
}

OwnWorker::OwnWorker(std::filesystem::path folder, int slots)
    : folder_(std::move(folder)), slots_(slots) {}

Result<void> OwnWorker::start_blocking(const std::string& url, const std::string& token) {
    auto said = process_.start_blocking(
        {"worker", "--server", url, "--token", token, "--concurrency", std::to_string(slots_),
         "--label", "remote", "--temp-dir", folder_.string()},
        {"ZOBS_LOG_LEVEL=error"}, kWorking);
    if (said) return {};
    process_.kill_blocking();
    return std::move(said).error();
}

ScratchFolder::ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "zserver-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace zs::server

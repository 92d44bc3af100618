#include "adapters/crypto/token_secrets.hpp"

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/random.hpp"

#include <boost/json/serialize.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace zs::crypto {
namespace {
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kFileBytesMax = 64 * 1024;
constexpr const char* kFileName = "keys.json";

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }

private:
    int fd_;
};

Error io_error(std::string_view what) {
    return unavailable("keys.json in the data directory cannot be " + std::string(what) + ": "
                       + std::strerror(errno));
}

// Empty when there is no file yet.
Result<std::string> read_file(const std::filesystem::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file.get() < 0) {
        if (errno == ENOENT) return std::string();
        return io_error("read");
    }
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return io_error("read");
    if ((info.st_mode & 077) != 0) {
        return forbidden("keys.json in the data directory can be read by others: chmod 600 it");
    }
    std::string text(kFileBytesMax, '\0');
    const ssize_t got = ::read(file.get(), text.data(), text.size());
    if (got < 0) return io_error("read");
    text.resize(static_cast<std::size_t>(got));
    if (text.empty()) return data_loss("keys.json in the data directory is empty");
    return text;
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0 || ::fsync(directory.get()) != 0) return io_error("synced");
    return {};
}

Result<void> write_file(const std::filesystem::path& path, std::string_view text) {
    const auto temporary = path.string() + ".new";
    ::unlink(temporary.c_str());
    {
        const Descriptor file(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (file.get() < 0) return io_error("written");
        const ssize_t done = ::write(file.get(), text.data(), text.size());
        if (done != static_cast<ssize_t>(text.size())) return io_error("written");
        if (::fsync(file.get()) != 0) return io_error("synced");
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) return io_error("written");
    return sync_folder(path.parent_path());
}

Result<boost::json::object> read_keys(const std::filesystem::path& path) {
    auto text = read_file(path);
    if (!text) return text.error();
    if (text->empty()) return boost::json::object();
    auto value = parse_json(*text);
    if (!value || !value->is_object()) {
        return data_loss("keys.json in the data directory is not a JSON object");
    }
    return std::move(value->as_object());
}

// The secret `name` of the file; made when it is missing.
Result<Secret> take(boost::json::object& keys, std::string_view name, bool& changed) {
    const auto* value = keys.if_contains(name);
    if (value == nullptr) {
        std::string bytes = random_bytes(kSecretBytes);
        keys[name] = json_text(to_base64(bytes));
        changed = true;
        return Secret(std::move(bytes));
    }
    const auto* text = value->if_string();
    auto bytes = text == nullptr ? Result<std::string>(data_loss("not text"))
                                 : from_base64(std::string_view(text->data(), text->size()));
    if (!bytes || bytes->size() < kSecretBytes) {
        return data_loss("'" + std::string(name)
                         + "' in keys.json must be base64 of at least 32 bytes");
    }
    return Secret(std::move(*bytes));
}
}  // namespace

Result<identity::TokenSecrets> load_token_secrets_blocking(const std::filesystem::path& data_dir,
                                                           const ConfiguredSecrets& configured,
                                                           DevTokens dev) {
    const auto path = data_dir / kFileName;
    auto keys = read_keys(path);
    if (!keys) return keys.error();
    bool changed = false;
    std::optional<Error> failed;
    const auto choose = [&](const std::optional<Secret>& given, std::string_view name) {
        if (given) {
            if (given->reveal().size() < kSecretBytes && !failed) {
                failed = invalid_argument("the configured " + std::string(name)
                                          + " must have at least 32 bytes");
            }
            return *given;
        }
        auto secret = take(*keys, name, changed);
        if (secret) return std::move(*secret);
        if (!failed) failed = secret.error();
        return Secret();
    };
    identity::TokenSecrets secrets;
    secrets.access = choose(configured.access, "jwt_secret");
    secrets.refresh = choose(configured.refresh, "jwt_refresh_secret");
    if (dev == DevTokens::Accepted) secrets.dev = choose(configured.dev, "dev_secret");
    secrets.previous = configured.previous;
    if (failed) return std::move(*failed);
    if (changed) {
        auto written = write_file(path, boost::json::serialize(*keys) + "\n");
        if (!written) return written.error();
    }
    return secrets;
}

}  // namespace zs::crypto

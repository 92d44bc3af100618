#include "adapters/process/environment.hpp"

#include "adapters/process/limits.hpp"

#include <algorithm>
#include <cctype>
#include <map>

namespace zs::process {

namespace {

constexpr std::string_view kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool names_a_secret(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    });
    for (const std::string_view word : {"SECRET", "TOKEN", "PASSWORD", "KEY"})
        if (name.find(word) != std::string::npos) return true;
    return false;
}

}  // namespace

std::vector<std::string> make_environment(const jobs::LeasedJob& job, const AttemptFolder& folder) {
    const auto& spec = job.job.spec;
    std::map<std::string, std::string> all{{"PATH", std::string(kPath)},
                                           {"HOME", folder.work()},
                                           {"TMPDIR", folder.temporary()},
                                           {"LANG", "C.UTF-8"}};
    for (const auto& [name, value] : spec.env)
        all[name] = value;
    all["ZJOB_ID"] = job.job.id.to_string();
    all["ZJOB_ATTEMPT"] = std::to_string(job.job.counters.attempt);
    all["ZJOB_LEASE_TOKEN"] = std::to_string(static_cast<std::uint64_t>(job.job.token));
    all["ZJOB_ORG"] = job.job.tenant.org_id;
    all["ZJOB_ENV"] = job.job.tenant.env_slug;
    all["ZJOB_DIR"] = folder.root;
    all["ZJOB_INPUT"] = folder.input();
    all["ZJOB_OUTPUT"] = folder.output();
    all["ZJOB_ARTIFACTS"] = folder.artifacts();
    all["ZJOB_TIMEOUT_SECS"] = std::to_string(spec.timeout.count());
    // Which due time of a schedule the job is for; who submits a job can say it, too.
    if (const auto* nominal = spec.metadata.if_contains("nominal_time")) {
        const std::string text(nominal->is_string() ? nominal->get_string().c_str() : "");
        if (from_rfc3339(text)) all["ZJOB_NOMINAL_TIME"] = text;
    }
    std::vector<std::string> environment;
    environment.reserve(all.size());
    for (const auto& [name, value] : all)
        environment.push_back(name + "=" + value);
    return environment;
}

std::string_view find_variable(const std::vector<std::string>& environment, std::string_view name) {
    for (const std::string_view entry : environment) {
        if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
            return entry.substr(name.size() + 1);
        }
    }
    return {};
}

std::vector<std::string> secret_values(const jobs::JobSpec& spec) {
    std::vector<std::string> secrets;
    for (const auto& [name, value] : spec.env) {
        if (value.size() >= limits::kSecretBytesMin && names_a_secret(name)) {
            secrets.push_back(value);
        }
    }
    return secrets;
}

}  // namespace zs::process

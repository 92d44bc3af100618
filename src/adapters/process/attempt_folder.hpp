#pragma once

#include "adapters/process/descriptor.hpp"
#include "adapters/process/worker_options.hpp"
#include "base/error.hpp"
#include "core/jobs/job_store.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::process {

// Where one attempt lies. The program may write anywhere in `root`; `state` is between us and the
// shim, and out of the program's way when it runs as another user.
struct AttemptFolder {
    AttemptFolder() = default;
    AttemptFolder(const std::string& temp_dir, const std::string& name);
    static std::string name_of(jobs::JobId job, std::uint32_t attempt);

    // Fresh, mode 0700, with the input in it. Errors: Unavailable.
    Result<void> make_blocking(std::string_view input, const JobUser& user) const;
    void remove_blocking() const;

    std::string root;
    std::string state;
    std::string work() const { return root + "/work"; }
    std::string artifacts() const { return root + "/artifacts"; }
    std::string temporary() const { return root + "/tmp"; }
    std::string input() const { return root + "/input.json"; }
    std::string output() const { return root + "/output.json"; }
};

// "<job>-<attempt>" back into its parts.
struct AttemptName {
    jobs::JobId job;
    std::uint32_t attempt = 0;
};
std::optional<AttemptName> parse_attempt_name(std::string_view name);

// The folder of all attempts of a worker.
class TempFolder {
public:
    // Makes it, or checks that it is ours: a folder and no link, of our user, written by nobody
    // else, in use by no other worker. `is_entered`: another user's programs go through it.
    // Errors: Unavailable saying what is wrong.
    static Result<TempFolder> open_blocking(const std::string& path, bool is_entered);

    AttemptFolder attempt(const std::string& name) const { return {path_, name}; }
    // Names of attempts that have a state.
    std::vector<std::string> states_blocking() const;
    // Removes what has no state: nobody would ever come for it.
    void remove_strays_blocking() const;

private:
    TempFolder(std::string path, Descriptor lock)
        : path_(std::move(path)), lock_(std::move(lock)) {}
    std::string path_;
    Descriptor lock_;
};

// Removes all of it, whatever a program made of it, following no links.
void remove_tree_blocking(const std::string& path);

// Makes a file of a job below its working directory, with the folders on the way.
// Errors: InvalidArgument for a path that leads out.
Result<Descriptor> make_work_file_blocking(const AttemptFolder& folder, const std::string& path,
                                           const JobUser& user);

}  // namespace zs::process

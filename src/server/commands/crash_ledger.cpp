#include "server/commands/crash_ledger.hpp"

#include <fstream>
#include <sstream>
#include <thread>

namespace zs::server {
namespace {
constexpr std::chrono::milliseconds kLook{1};
}

CrashLedger::CrashLedger(std::filesystem::path file) : file_(std::move(file)) {}

std::string CrashLedger::preamble() const {
    return "case \"$ZJOB_DIR\" in */remote/*) W=remote ;; *) W=local ;; esac; L='" + file_.string()
           + "'; echo \"begin $ZJOB_ID $ZJOB_ATTEMPT $W $PPID\" >> \"$L\"; ";
}

std::string CrashLedger::numbered_lines() const {
    return preamble()
           + "for i in 1 2 3 4 5; do echo \"line $i\"; "
             "echo \"line $ZJOB_ID $ZJOB_ATTEMPT $W $i\" >> \"$L\"; sleep 0.05; done; "
             "echo \"end $ZJOB_ID $ZJOB_ATTEMPT $W 0\" >> \"$L\"";
}

std::string CrashLedger::long_once() const {
    return preamble()
           + "if [ \"$ZJOB_ATTEMPT\" = 1 ]; then sleep 600; fi; "
             "echo \"end $ZJOB_ID $ZJOB_ATTEMPT $W 0\" >> \"$L\"";
}

// Whole lines only: the last one may still be on its way.
void CrashLedger::read_on() {
    std::ifstream in(file_, std::ios::binary);
    if (!in) return;
    in.seekg(static_cast<std::streamoff>(offset_));
    std::string line;
    while (std::getline(in, line) && !in.eof()) {
        offset_ += line.size() + 1;
        std::istringstream words(line);
        std::string what;
        std::string where;
        RunKey key;
        pid_t number = 0;
        words >> what >> key.first >> key.second >> where >> number;
        Run& run = runs_[key];
        if (what == "begin") {
            ++marks_[Mark::Begin];
            run.is_remote = where == "remote";
            run.shim = number;
            run.seen_at = std::chrono::steady_clock::now();
        } else if (what == "line") {
            ++marks_[Mark::Line];
        } else {
            ++marks_[Mark::End];
            run.has_ended = true;
        }
    }
}

bool CrashLedger::wait_for_blocking(Mark mark, std::chrono::milliseconds patience) {
    std::uint64_t before = 0;
    {
        const std::lock_guard lock(mutex_);
        read_on();
        before = marks_[mark];
    }
    const auto is_there = [this, mark, before](const Runs&) { return marks_[mark] > before; };
    return wait_until_blocking(is_there, patience);
}

bool CrashLedger::wait_until_blocking(const std::function<bool(const Runs&)>& wanted,
                                      std::chrono::milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (true) {
        {
            const std::lock_guard lock(mutex_);
            read_on();
            if (wanted(runs_)) return true;
        }
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(kLook);
    }
}

CrashLedger::Runs CrashLedger::runs() {
    const std::lock_guard lock(mutex_);
    read_on();
    return runs_;
}

std::vector<CrashLedger::RunKey> CrashLedger::under_way() {
    std::vector<RunKey> all;
    for (const auto& [key, run] : runs()) {
        if (!run.has_ended) all.push_back(key);
    }
    return all;
}

}  // namespace zs::server

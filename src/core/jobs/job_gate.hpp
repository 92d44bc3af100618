#pragma once

#include "core/events/event.hpp"
#include "core/jobs/job_store.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace zs::jobs {

// Something a call of the store brought to light about one job.
struct Finding {
    std::uint64_t seq = 0;                 // its place in the job's sequence; 0: it was added
    std::optional<Transition> transition;  // a change of state
    std::optional<JobBrief> seen;          // how it was found when it was read again
    std::optional<Transition> news;        // the change that led there, in case nobody heard of it
    bool is_old_news = false;              // an answer that came meanwhile tells of it
    std::vector<events::NewEvent> events;  // lines of the log
    identity::Tenant tenant;
};

// One that was only released from its dependencies is pending as before, which is no event.
inline bool is_told(const Transition& transition) {
    return transition.from != transition.job.state || transition.cancel_was_requested;
}

// Several calls may be on their way for one job, and their answers come in any order. What they say
// is held back until none is, then let through in the order of the job's sequence, which is the
// order of the commits. Threading: one at a time; the queue holds its lock.
class JobGate {
public:
    void begin(JobId job) { ++open_[job].calls; }

    // Instead of end(): true when no other call was for the job meanwhile, so that what this one
    // says may be acted upon as it is. False: nothing has happened.
    bool end_alone(JobId job) {
        const auto found = open_.find(job);
        if (found == open_.end()) return true;
        if (found->second.calls > 1 || !found->second.held.empty()) return false;
        open_.erase(found);
        return true;
    }

    // Answers what may be acted upon now.
    std::vector<Finding> end(JobId job, std::vector<Finding> findings) {
        const auto found = open_.find(job);
        if (found == open_.end()) return findings;
        auto& held = found->second.held;
        std::move(findings.begin(), findings.end(), std::back_inserter(held));
        if (--found->second.calls > 0) return {};
        auto ready = std::move(held);
        open_.erase(found);
        if (ready.size() < 2) return ready;
        return in_order(std::move(ready));
    }

    // About a job that the call was not for.
    std::vector<Finding> pass(JobId job, Finding finding) {
        std::vector<Finding> ready;
        const auto found = open_.find(job);
        if (found != open_.end()) {
            found->second.held.push_back(std::move(finding));
        } else {
            ready.push_back(std::move(finding));
        }
        return ready;
    }

private:
    struct Open {
        std::size_t calls = 0;
        std::vector<Finding> held;
    };

    // A job that is freed of its dependencies keeps its number, so what was read under the same
    // number goes before the change.
    static std::vector<Finding> in_order(std::vector<Finding> findings) {
        std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
            return std::pair(a.seq, a.transition.has_value())
                   < std::pair(b.seq, b.transition.has_value());
        });
        for (auto& finding : findings) {
            if (!finding.news) continue;
            const auto tells_it = [&](const Finding& other) {
                return other.seq == finding.seq && other.transition && is_told(*other.transition);
            };
            finding.is_old_news = std::ranges::any_of(findings, tells_it);
        }
        return findings;
    }

    boost::unordered_flat_map<JobId, Open, std::hash<JobId>> open_;
};

}  // namespace zs::jobs

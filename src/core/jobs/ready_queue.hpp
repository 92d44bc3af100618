#pragma once

#include "core/jobs/job.hpp"
#include "core/jobs/monotonic.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace zs::jobs {

// What a worker can do.
struct Capability {
    std::vector<std::string> labels;  // sorted
    SandboxTier sandbox = SandboxTier::L0;
    std::vector<std::string> kinds;  // empty: any
    std::optional<identity::Tenant> tenant;
    auto operator<=>(const Capability&) const = default;
};

// Both clocks, read once.
struct Now {
    Timestamp wall;
    Moment moment;
};

// Who is next, decided in memory. Tenants take turns, and inside a tenant the concurrency keys;
// every job costs one turn, so deficit round robin is plain round robin here. Whoever is new goes
// to the end of the line, so new keys never keep old ones from their turn. Inside a key the most
// urgent goes first: the priority ages by one per minute, which is the order of eligible_at -
// priority × 1 min and never changes while a job waits. Jobs that are bound by the same rules share
// a lane; a lane that is blocked stands aside until what blocks it changes, so a pick looks at the
// heads of a few lanes, however many jobs wait.
// Threading: one at a time; the queue holds its lock.
class ReadyQueue {
public:
    explicit ReadyQueue(std::uint64_t running_max);
    ~ReadyQueue();
    ReadyQueue(const ReadyQueue&) = delete;
    ReadyQueue& operator=(const ReadyQueue&) = delete;

    enum class Place : std::uint8_t { Dependencies, Delayed, Ready, Picked, Running };

    // A job that is not final, as it is now; replaces what was known. Final ones are erased.
    void put(const JobBrief& job, Now now);
    void erase(JobId id);
    // Up to `count` jobs for a worker: they are Picked, and hold their limits, until put() or
    // erase().
    std::vector<JobId> pick(const Capability& worker, std::size_t count, Now now);
    // The pick came to nothing: it is as if it had not been.
    void put_back(JobId id);
    // Makes ready what time makes ready. Answers whether anything was.
    bool pass_time(Now now);
    // When pass_time() can find something at the earliest; delays by the wall clock are left out
    // when `wall` is far: the caller looks now and then anyway.
    std::optional<Moment> next_moment(Now now) const;
    void set_paused(const identity::Tenant& tenant, bool paused);
    bool paused(const identity::Tenant& tenant) const;

    std::optional<Place> place(JobId id) const;
    std::optional<identity::Tenant> tenant(JobId id) const;
    // Jobs of the tenant that do not run yet, whatever they wait for.
    std::size_t waiting(const identity::Tenant& tenant) const;
    std::size_t running(const identity::Tenant& tenant) const;  // picked ones, too
    std::size_t size() const { return entries_.size(); }
    // Jobs of the tenant that wait for others. Looks at every job: for repairs.
    std::vector<JobId> dependents(const identity::Tenant& tenant) const;

    // Why a job is not given to a worker now; empty: nothing but its turn.
    struct Obstacle {
        Waiting rule = Waiting::Schedule;
        std::optional<std::uint64_t> limit;
        std::vector<JobId> held_by;
        std::optional<Millis> in;  // removed by time alone after this
    };
    std::vector<Obstacle> obstacles(JobId id, Now now) const;

private:
    struct Class;
    struct Group;
    struct Lane;
    struct TenantState;
    struct Key {  // of a concurrency limit
        std::set<JobId> holders;
        std::vector<Lane*> parked;
        std::size_t lanes = 0;
    };
    struct Rate {
        std::deque<Moment> starts;  // of the last minute, so the limit is exact
        std::size_t lanes = 0;
    };
    using Rank = std::tuple<std::int64_t, Timestamp, JobId>;
    struct Entry {
        Lane* lane = nullptr;
        Place place = Place::Ready;
        Rank rank;
        Timestamp wall_due;
        std::optional<Moment> moment_due;
    };
    struct Profile {
        std::vector<Class*> classes;
        std::uint64_t used = 0;
    };

    TenantState& tenant_of(const identity::Tenant& tenant);
    Lane& lane_of(const JobBrief& job);
    Lane& find_lane(const JobBrief& job);
    void drop_lane(Lane& lane);
    Profile& profile_of(const Capability& worker);
    void settle(JobId id, Entry& entry, const JobBrief& job, Now now);
    void make_ready(Entry& entry);
    void leave(JobId id, Entry& entry);
    void hold(JobId id, Entry& entry);
    void let_go(JobId id, Entry& entry);
    void refresh(Lane& lane);
    void refresh(TenantState& tenant);
    void served(Group& group);
    TenantState* next_tenant(const Profile& profile, const Capability& worker);
    Lane* next_lane(const Profile& profile, TenantState& tenant);
    bool may_start(Lane& lane, Now now);
    bool is_open(const TenantState& tenant) const;
    void forget_rates(Now now);

    const std::uint64_t running_max_;
    std::uint64_t turn_ = 0;
    boost::unordered_flat_map<JobId, Entry, std::hash<JobId>> entries_;
    std::map<identity::Tenant, std::unique_ptr<TenantState>> tenants_;
    std::map<std::tuple<std::vector<std::string>, SandboxTier, std::string>, std::unique_ptr<Class>>
        classes_;
    std::map<Capability, Profile> profiles_;
    Lane* usual_lane_ = nullptr;  // of the last job without limits, labels and tier
    std::set<std::pair<Timestamp, JobId>> by_wall_;
    std::set<std::pair<Moment, JobId>> by_moment_;
    std::set<std::pair<Moment, Lane*>> rate_waits_;
    std::deque<std::tuple<Moment, TenantState*, std::string>> old_rates_;
};

}  // namespace zs::jobs

#include "core/jobs/ready_queue.hpp"

#include "core/jobs/limits.hpp"
#include "core/jobs/ready_queue_parts.hpp"

#include <algorithm>

namespace zs::jobs {

ReadyQueue::ReadyQueue(std::uint64_t running_max) : running_max_(running_max) {}

ReadyQueue::~ReadyQueue() = default;

bool ReadyQueue::is_open(const TenantState& tenant) const {
    return !tenant.paused && (running_max_ == 0 || tenant.running < running_max_);
}

// Brings the sets up to date with what the lane has become.
void ReadyQueue::refresh(Lane& lane) {
    const bool available = !lane.ready.empty() && lane.aside == Lane::Aside::No;
    if (available == lane.available) return;
    lane.available = available;
    Group& group = *lane.group;
    TenantState& tenant = *group.tenant;
    Class* const c = lane.job_class;
    auto& lanes = group.available[c];
    if (available && ++lanes == 1) {
        auto& groups = tenant.available[c];
        if (groups.empty() && tenant.listed) c->tenants.emplace(tenant.turn, &tenant);
        groups.emplace(group.turn, &group);
    } else if (!available && --lanes == 0) {
        group.available.erase(c);
        auto& groups = tenant.available[c];
        groups.erase({group.turn, &group});
        if (!groups.empty()) return;
        tenant.available.erase(c);
        c->tenants.erase({tenant.turn, &tenant});
    }
}

void ReadyQueue::refresh(TenantState& tenant) {
    const bool open = is_open(tenant);
    if (open == tenant.listed) return;
    tenant.listed = open;
    for (auto& [c, groups] : tenant.available) {
        if (open) {
            c->tenants.emplace(tenant.turn, &tenant);
        } else {
            c->tenants.erase({tenant.turn, &tenant});
        }
    }
}

// The group and its tenant go to the end of their lines.
void ReadyQueue::served(Group& group) {
    TenantState& tenant = *group.tenant;
    const auto was = group.turn;
    group.turn = ++turn_;
    for (const auto& [c, lanes] : group.available) {
        auto& groups = tenant.available[c];
        groups.erase({was, &group});
        groups.emplace(group.turn, &group);
    }
    for (const auto& [c, groups] : tenant.available) {
        if (!tenant.listed) break;
        c->tenants.erase({tenant.turn, &tenant});
        c->tenants.emplace(turn_, &tenant);
    }
    tenant.turn = turn_;
}

ReadyQueue::TenantState* ReadyQueue::next_tenant(const Profile& profile, const Capability& worker) {
    TenantState* best = nullptr;
    for (Class* c : profile.classes) {
        if (worker.tenant) {
            const auto own = tenants_.find(*worker.tenant);
            if (own == tenants_.end() || !own->second->listed) return nullptr;
            if (own->second->available.contains(c)) return own->second.get();
        } else if (!c->tenants.empty()) {
            TenantState* const first = c->tenants.begin()->second;
            if (best == nullptr || first->turn < best->turn) best = first;
        }
    }
    return best;
}

ReadyQueue::Lane* ReadyQueue::next_lane(const Profile& profile, TenantState& tenant) {
    Group* group = nullptr;
    for (Class* c : profile.classes) {
        const auto groups = tenant.available.find(c);
        if (groups == tenant.available.end()) continue;
        Group* const first = groups->second.begin()->second;
        if (group == nullptr || first->turn < group->turn) group = first;
    }
    Lane* best = nullptr;
    if (group == nullptr) return best;
    for (auto& [key, lane] : group->lanes) {
        if (!lane->available) continue;
        const auto& suiting = profile.classes;
        if (std::find(suiting.begin(), suiting.end(), lane->job_class) == suiting.end()) continue;
        if (best == nullptr || *lane->ready.begin() < *best->ready.begin()) best = lane.get();
    }
    return best;
}

// Otherwise the lane stands aside until that changes.
bool ReadyQueue::may_start(Lane& lane, Now now) {
    if (lane.key != nullptr && lane.key->holders.size() >= lane.max) {
        lane.aside = Lane::Aside::Concurrency;
        lane.key->parked.push_back(&lane);
        refresh(lane);
        return false;
    }
    if (lane.rate == nullptr) return true;
    auto& starts = lane.rate->starts;
    while (!starts.empty() && starts.front() + limits::kRateWindow <= now.moment)
        starts.pop_front();
    if (starts.size() < lane.per_minute) return true;
    lane.aside = Lane::Aside::Rate;
    lane.aside_until = starts[starts.size() - lane.per_minute] + limits::kRateWindow;
    rate_waits_.emplace(lane.aside_until, &lane);
    refresh(lane);
    return false;
}

std::vector<JobId> ReadyQueue::pick(const Capability& worker, std::size_t count, Now now) {
    std::vector<JobId> picked;
    Profile& profile = profile_of(worker);
    while (picked.size() < count) {
        TenantState* const tenant = next_tenant(profile, worker);
        if (tenant == nullptr) break;
        Lane* const lane = next_lane(profile, *tenant);
        if (lane == nullptr) break;
        if (!may_start(*lane, now)) continue;
        const JobId id = std::get<JobId>(*lane->ready.begin());
        Entry& entry = entries_.at(id);
        served(*lane->group);
        leave(id, entry);
        entry.place = Place::Picked;
        hold(id, entry);
        if (lane->rate != nullptr) lane->rate->starts.push_back(now.moment);
        picked.push_back(id);
    }
    return picked;
}

void ReadyQueue::put_back(JobId id) {
    const auto found = entries_.find(id);
    if (found == entries_.end() || found->second.place != Place::Picked) return;
    Entry& entry = found->second;
    if (entry.lane->rate != nullptr && !entry.lane->rate->starts.empty()) {
        entry.lane->rate->starts.pop_back();
    }
    let_go(id, entry);
    make_ready(entry);
}

void ReadyQueue::make_ready(Entry& entry) {
    entry.place = Place::Ready;
    ++entry.lane->group->tenant->waiting;
    entry.lane->ready.insert(entry.lane->ready.end(), entry.rank);  // most often it is the last
    refresh(*entry.lane);
}

// Takes the job out of where it waits.
void ReadyQueue::leave(JobId id, Entry& entry) {
    switch (entry.place) {
        case Place::Ready:
            entry.lane->ready.erase(entry.rank);
            refresh(*entry.lane);
            break;
        case Place::Delayed:
            by_wall_.erase({entry.wall_due, id});
            if (entry.moment_due) by_moment_.erase({*entry.moment_due, id});
            break;
        case Place::Dependencies: break;
        case Place::Picked:
        case Place::Running: let_go(id, entry); return;
    }
    --entry.lane->group->tenant->waiting;
}

void ReadyQueue::hold(JobId id, Entry& entry) {
    TenantState& tenant = *entry.lane->group->tenant;
    ++tenant.running;
    refresh(tenant);
    if (entry.lane->key != nullptr) entry.lane->key->holders.insert(id);
}

void ReadyQueue::let_go(JobId id, Entry& entry) {
    TenantState& tenant = *entry.lane->group->tenant;
    --tenant.running;
    refresh(tenant);
    Key* const key = entry.lane->key;
    if (key == nullptr) return;
    key->holders.erase(id);
    const auto parked = std::exchange(key->parked, {});
    for (Lane* lane : parked) {
        lane->aside = Lane::Aside::No;
        refresh(*lane);
    }
}

void ReadyQueue::settle(JobId id, Entry& entry, const JobBrief& job, Now now) {
    TenantState& tenant = *entry.lane->group->tenant;
    entry.rank = {to_unix_millis(job.eligible_at) - std::int64_t{60'000} * job.priority,
                  job.eligible_at, id};
    entry.moment_due.reset();
    entry.wall_due = job.eligible_at;
    if (job.state == JobState::Running) {
        entry.place = Place::Running;
        hold(id, entry);
    } else if (job.open_dependencies > 0) {
        entry.place = Place::Dependencies;
        ++tenant.waiting;
    } else if (job.eligible_at > now.wall) {
        entry.place = Place::Delayed;
        ++tenant.waiting;
        // A back-off is a duration: jumps of the wall clock do not touch it.
        if (job.state == JobState::Retrying) {
            entry.moment_due = now.moment + (job.eligible_at - now.wall);
            by_moment_.emplace(*entry.moment_due, id);
        } else {
            by_wall_.emplace(entry.wall_due, id);
        }
    } else {
        make_ready(entry);
    }
}

void ReadyQueue::put(const JobBrief& job, Now now) {
    if (is_final(job.state)) return erase(job.id);
    Lane& lane = lane_of(job);
    ++lane.entries;
    Entry& entry = entries_[job.id];
    if (entry.lane != nullptr) {
        leave(job.id, entry);
        Lane* const was = entry.lane;
        if (--was->entries == 0) drop_lane(*was);
    }
    entry.lane = &lane;
    settle(job.id, entry, job, now);
}

void ReadyQueue::erase(JobId id) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return;
    Lane* const lane = found->second.lane;
    leave(id, found->second);
    entries_.erase(found);
    if (--lane->entries == 0) drop_lane(*lane);
}

bool ReadyQueue::pass_time(Now now) {
    bool any = false;
    const auto ripen = [&](JobId id) {
        Entry& entry = entries_.at(id);
        leave(id, entry);
        entry.moment_due.reset();
        make_ready(entry);
        any = true;
    };
    while (!by_wall_.empty() && by_wall_.begin()->first <= now.wall)
        ripen(by_wall_.begin()->second);
    while (!by_moment_.empty() && by_moment_.begin()->first <= now.moment)
        ripen(by_moment_.begin()->second);
    while (!rate_waits_.empty() && rate_waits_.begin()->first <= now.moment) {
        Lane* const lane = rate_waits_.begin()->second;
        rate_waits_.erase(rate_waits_.begin());
        lane->aside = Lane::Aside::No;
        refresh(*lane);
        any = true;
    }
    forget_rates(now);
    return any;
}

std::optional<Moment> ReadyQueue::next_moment(Now now) const {
    std::optional<Moment> next;
    const auto sooner = [&](Moment at) { next = next ? std::min(*next, at) : at; };
    if (!by_moment_.empty()) sooner(by_moment_.begin()->first);
    if (!rate_waits_.empty()) sooner(rate_waits_.begin()->first);
    if (!by_wall_.empty()) {
        const auto in = by_wall_.begin()->first - now.wall;
        if (in < std::chrono::hours(1)) sooner(now.moment + in);
    }
    return next;
}

}  // namespace zs::jobs

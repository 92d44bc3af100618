#include "core/jobs/limits.hpp"
#include "core/jobs/ready_queue_parts.hpp"

#include <algorithm>

namespace zs::jobs {

bool ReadyQueue::Class::suits(const Capability& worker) const {
    if (sandbox > worker.sandbox) return false;
    if (!worker.kinds.empty()
        && std::find(worker.kinds.begin(), worker.kinds.end(), kind) == worker.kinds.end()) {
        return false;
    }
    return std::includes(worker.labels.begin(), worker.labels.end(), labels.begin(), labels.end());
}

ReadyQueue::TenantState& ReadyQueue::tenant_of(const identity::Tenant& tenant) {
    auto& state = tenants_[tenant];
    if (!state) {
        state = std::make_unique<TenantState>();
        state->name = tenant;
        state->turn = ++turn_;
    }
    return *state;
}

// Most jobs go where the one before went.
ReadyQueue::Lane& ReadyQueue::lane_of(const JobBrief& job) {
    const bool usual = !job.concurrency && !job.rate && job.requires_labels.empty()
                       && job.sandbox == SandboxTier::L0;
    if (!usual) return find_lane(job);
    if (usual_lane_ == nullptr || usual_lane_->job_class->kind != job.kind
        || usual_lane_->group->tenant->name != job.tenant) {
        usual_lane_ = &find_lane(job);
    }
    return *usual_lane_;
}

ReadyQueue::Lane& ReadyQueue::find_lane(const JobBrief& job) {
    auto labels = job.requires_labels;
    std::sort(labels.begin(), labels.end());
    auto& c = classes_[{labels, job.sandbox, job.kind}];
    if (!c) {
        c = std::make_unique<Class>();
        c->labels = std::move(labels);
        c->sandbox = job.sandbox;
        c->kind = job.kind;
        for (auto& [worker, profile] : profiles_) {
            if (c->suits(worker)) profile.classes.push_back(c.get());
        }
    }
    TenantState& tenant = tenant_of(job.tenant);
    Group& group = tenant.groups[job.concurrency ? job.concurrency->key : std::string()];
    if (group.tenant == nullptr) {
        group.tenant = &tenant;
        group.turn = ++turn_;
        if (job.concurrency) group.key = job.concurrency->key;
    }
    const Group::LaneKey key{c.get(), job.concurrency ? job.concurrency->max : 0,
                             job.rate ? job.rate->key : std::string(),
                             job.rate ? job.rate->per_minute : 0};
    auto& lane = group.lanes[key];
    if (lane) return *lane;
    lane = std::make_unique<Lane>();
    lane->group = &group;
    lane->job_class = c.get();
    ++c->lanes;
    if (job.concurrency) {
        lane->key = &tenant.keys[job.concurrency->key];
        lane->max = job.concurrency->max;
        ++lane->key->lanes;
    }
    if (job.rate) {
        lane->rate = &tenant.rates[job.rate->key];
        lane->rate_key = job.rate->key;
        lane->per_minute = job.rate->per_minute;
        ++lane->rate->lanes;
    }
    return *lane;
}

// No job is in it any more: keys are as many as clients think of, so nothing of them may stay.
void ReadyQueue::drop_lane(Lane& lane) {
    if (usual_lane_ == &lane) usual_lane_ = nullptr;
    Group& group = *lane.group;
    TenantState& tenant = *group.tenant;
    Class* const c = lane.job_class;
    if (lane.aside == Lane::Aside::Rate) rate_waits_.erase({lane.aside_until, &lane});
    if (lane.key != nullptr) {
        std::erase(lane.key->parked, &lane);
        if (--lane.key->lanes == 0) tenant.keys.erase(group.key);
    }
    if (lane.rate != nullptr && --lane.rate->lanes == 0) {
        const Moment last =
            lane.rate->starts.empty() ? Moment() : lane.rate->starts.back() + limits::kRateWindow;
        old_rates_.emplace_back(last, &tenant, lane.rate_key);
    }
    const Group::LaneKey key{c, lane.max, lane.rate_key, lane.per_minute};
    group.lanes.erase(key);
    if (group.lanes.empty()) tenant.groups.erase(std::string(group.key));
    if (--c->lanes > 0) return;
    for (auto& [worker, profile] : profiles_)
        std::erase(profile.classes, c);
    classes_.erase({std::vector<std::string>(c->labels), c->sandbox, std::string(c->kind)});
}

void ReadyQueue::forget_rates(Now now) {
    while (!old_rates_.empty() && std::get<Moment>(old_rates_.front()) <= now.moment) {
        auto [until, tenant, key] = std::move(old_rates_.front());
        old_rates_.pop_front();
        const auto rate = tenant->rates.find(key);
        if (rate == tenant->rates.end() || rate->second.lanes > 0) continue;
        tenant->rates.erase(rate);
    }
}

ReadyQueue::Profile& ReadyQueue::profile_of(const Capability& worker) {
    const auto known = profiles_.find(worker);
    if (known != profiles_.end()) {
        known->second.used = ++turn_;
        return known->second;
    }
    if (profiles_.size() >= limits::kProfilesMax) {
        const auto oldest = std::min_element(
            profiles_.begin(), profiles_.end(),
            [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
        profiles_.erase(oldest);
    }
    Profile& profile = profiles_[worker];
    profile.used = ++turn_;
    for (const auto& [key, c] : classes_) {
        if (c->suits(worker)) profile.classes.push_back(c.get());
    }
    return profile;
}

void ReadyQueue::set_paused(const identity::Tenant& tenant, bool paused) {
    TenantState& state = tenant_of(tenant);
    state.paused = paused;
    refresh(state);
}

bool ReadyQueue::paused(const identity::Tenant& tenant) const {
    const auto found = tenants_.find(tenant);
    return found != tenants_.end() && found->second->paused;
}

std::optional<ReadyQueue::Place> ReadyQueue::place(JobId id) const {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return std::nullopt;
    return found->second.place;
}

std::optional<identity::Tenant> ReadyQueue::tenant(JobId id) const {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return std::nullopt;
    return found->second.lane->group->tenant->name;
}

std::size_t ReadyQueue::waiting(const identity::Tenant& tenant) const {
    const auto found = tenants_.find(tenant);
    return found == tenants_.end() ? 0 : found->second->waiting;
}

std::size_t ReadyQueue::running(const identity::Tenant& tenant) const {
    const auto found = tenants_.find(tenant);
    return found == tenants_.end() ? 0 : found->second->running;
}

std::vector<JobId> ReadyQueue::dependents(const identity::Tenant& tenant) const {
    std::vector<JobId> ids;
    for (const auto& [id, entry] : entries_) {
        if (entry.place == Place::Dependencies && entry.lane->group->tenant->name == tenant) {
            ids.push_back(id);
        }
    }
    return ids;
}

std::vector<ReadyQueue::Obstacle> ReadyQueue::obstacles(JobId id, Now now) const {
    std::vector<Obstacle> all;
    const auto found = entries_.find(id);
    if (found == entries_.end()) return all;
    const Entry& entry = found->second;
    const TenantState& tenant = *entry.lane->group->tenant;
    const auto add = [&](Waiting rule) -> Obstacle& {
        all.emplace_back();
        all.back().rule = rule;
        return all.back();
    };
    if (entry.place == Place::Picked || entry.place == Place::Running) return all;
    if (entry.place == Place::Dependencies) add(Waiting::Dependencies);
    if (entry.place == Place::Delayed) {
        add(Waiting::Schedule).in =
            entry.moment_due ? *entry.moment_due - now.moment : entry.wall_due - now.wall;
    }
    if (tenant.paused) add(Waiting::Paused);
    if (running_max_ != 0 && tenant.running >= running_max_)
        add(Waiting::Quota).limit = running_max_;
    const Lane& lane = *entry.lane;
    if (lane.key != nullptr && lane.key->holders.size() >= lane.max) {
        auto& obstacle = add(Waiting::Concurrency);
        obstacle.limit = lane.max;
        for (const JobId holder : lane.key->holders) {
            if (obstacle.held_by.size() == 100) break;
            obstacle.held_by.push_back(holder);
        }
    }
    if (lane.rate == nullptr) return all;
    const auto& starts = lane.rate->starts;
    const auto live =
        static_cast<std::size_t>(std::count_if(starts.begin(), starts.end(), [&](Moment start) {
            return start + limits::kRateWindow > now.moment;
        }));
    if (live < lane.per_minute) return all;
    auto& obstacle = add(Waiting::Rate);
    obstacle.limit = lane.per_minute;
    obstacle.in = starts[starts.size() - lane.per_minute] + limits::kRateWindow - now.moment;
    return all;
}

}  // namespace zs::jobs

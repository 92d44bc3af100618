#pragma once

#include "core/jobs/ready_queue.hpp"

namespace zs::jobs {

// What a job asks of its worker. Holds the tenants that have something available in it, by turn.
struct ReadyQueue::Class {
    std::vector<std::string> labels;
    SandboxTier sandbox = SandboxTier::L0;
    std::string kind;
    std::set<std::pair<std::uint64_t, TenantState*>> tenants;
    std::size_t lanes = 0;

    bool suits(const Capability& worker) const;
};

// Jobs of a tenant with one class, one concurrency limit and one rate: interchangeable but for
// rank.
struct ReadyQueue::Lane {
    Group* group = nullptr;
    Class* job_class = nullptr;
    Key* key = nullptr;
    std::uint32_t max = 0;
    Rate* rate = nullptr;
    std::string rate_key;
    std::uint32_t per_minute = 0;

    std::set<Rank> ready;
    std::size_t entries = 0;  // jobs of any place
    enum class Aside : std::uint8_t { No, Concurrency, Rate };
    Aside aside = Aside::No;
    Moment aside_until;
    bool available = false;  // as the sets above it know
};

// Jobs of a tenant with one concurrency key ("": none): they take turns with other groups.
struct ReadyQueue::Group {
    using LaneKey = std::tuple<Class*, std::uint32_t, std::string, std::uint32_t>;
    TenantState* tenant = nullptr;
    std::string key;
    std::uint64_t turn = 0;
    std::map<LaneKey, std::unique_ptr<Lane>> lanes;
    std::map<Class*, std::size_t> available;  // lanes
};

struct ReadyQueue::TenantState {
    identity::Tenant name;
    std::uint64_t turn = 0;
    bool paused = false;
    bool listed = true;  // open, as the classes know
    std::size_t running = 0;
    std::size_t waiting = 0;
    std::map<std::string, Group> groups;
    std::map<std::string, Key> keys;
    std::map<std::string, Rate> rates;
    std::map<Class*, std::set<std::pair<std::uint64_t, Group*>>> available;  // none is empty
};

}  // namespace zs::jobs

#include "base/encoding.hpp"
#include "support/memory_identity.hpp"

#include <algorithm>

namespace zs::testing {

using namespace identity;

async::Task<Result<void>> MemoryIdentity::Organizations::ensure(std::string org_id) {
    home.ensure_org(org_id);
    co_return Result<void>();
}

async::Task<Result<OrganizationList>> MemoryIdentity::Organizations::list(OrganizationQuery query) {
    OrganizationList list;
    for (const auto& [id, org] : home.state_.orgs) {
        if (!query.only || id == *query.only) list.items.push_back(org);
    }
    std::sort(list.items.begin(), list.items.end(), [](const auto& a, const auto& b) {
        return std::pair(a.created_at, a.id) > std::pair(b.created_at, b.id);
    });
    list.total = static_cast<std::int64_t>(list.items.size());
    const auto offset =
        std::min<std::size_t>(static_cast<std::size_t>(query.offset), list.items.size());
    list.items.erase(list.items.begin(), list.items.begin() + static_cast<std::ptrdiff_t>(offset));
    if (list.items.size() > static_cast<std::size_t>(query.limit)) {
        list.items.resize(static_cast<std::size_t>(query.limit));
    }
    co_return list;
}

async::Task<Result<Organization>> MemoryIdentity::Organizations::find(std::string id) {
    const auto found = home.state_.orgs.find(id);
    if (found == home.state_.orgs.end()) co_return not_found("there is no such organization");
    co_return found->second;
}

async::Task<Result<Organization>> MemoryIdentity::Organizations::add(Organization organization,
                                                                     AuditEntry entry) {
    for (const auto& [id, org] : home.state_.orgs) {
        if (org.slug == organization.slug) co_return conflict("taken", "slug_exists");
    }
    home.ensure_org(organization.id);
    home.state_.orgs[organization.id] = organization;
    home.log(std::move(entry));
    co_return organization;
}

async::Task<Result<Organization>> MemoryIdentity::Organizations::update(std::string id,
                                                                        OrganizationPatch patch,
                                                                        AuditEntry entry) {
    const auto found = home.state_.orgs.find(id);
    if (found == home.state_.orgs.end()) co_return not_found("there is no such organization");
    for (const auto& [other, org] : home.state_.orgs) {
        if (patch.slug && other != id && org.slug == *patch.slug) {
            co_return conflict("taken", "slug_exists");
        }
    }
    Organization& org = found->second;
    if (patch.name) org.name = *patch.name;
    if (patch.slug) org.slug = *patch.slug;
    if (patch.description) org.description = patch.description;
    if (patch.logo_url) org.logo_url = patch.logo_url;
    if (patch.settings) org.settings = *patch.settings;
    if (patch.is_active) org.is_active = *patch.is_active;
    org.updated_at = home.clock_.now();
    ++home.state_.epoch.rights;
    home.log(std::move(entry));
    co_return org;
}

async::Task<Result<void>> MemoryIdentity::Organizations::remove(std::string id, AuditEntry entry) {
    if (home.state_.orgs.count(id) == 0) co_return not_found("there is no such organization");
    for (const auto& [user_id, user] : home.state_.users) {
        if (user.org_id == id) co_return conflict("it has users", "organization_not_empty");
    }
    home.state_.orgs.erase(id);
    std::erase_if(home.state_.envs, [&](const auto& env) { return env.org_id == id; });
    ++home.state_.epoch.rights;
    home.log(std::move(entry));
    co_return Result<void>();
}

async::Task<Result<std::vector<Environment>>> MemoryIdentity::Environments::list(
    std::string org_id) {
    std::vector<Environment> out;
    for (const auto& environment : home.state_.envs) {
        if (environment.org_id == org_id) out.push_back(environment);
    }
    co_return out;
}

async::Task<Result<void>> MemoryIdentity::Audit::append(AuditEntry entry) {
    if (home.failure) co_return *home.failure;
    home.log(std::move(entry));
    co_return Result<void>();
}

async::Task<Result<std::vector<AuditRecord>>> MemoryIdentity::Audit::list(
    std::string org_id, AuditFilter filter, std::optional<std::int64_t> before, int limit) {
    std::vector<AuditRecord> out;
    for (auto row = home.audit_rows.rbegin(); row != home.audit_rows.rend(); ++row) {
        const bool fits = row->org_id == org_id && (!before || row->seq < *before)
                          && (!filter.action || row->action == *filter.action)
                          && (!filter.actor_id || row->actor_id == *filter.actor_id)
                          && (!filter.object || row->object == *filter.object)
                          && (!filter.result || row->result == *filter.result)
                          && (!filter.since || row->at >= *filter.since)
                          && (!filter.until || row->at < *filter.until);
        if (fits && out.size() < static_cast<std::size_t>(limit)) out.push_back(*row);
    }
    co_return out;
}

async::Task<Result<std::vector<AuditRecord>>> MemoryIdentity::Audit::read_chain(std::int64_t after,
                                                                                int limit) {
    std::vector<AuditRecord> out;
    for (const auto& row : home.audit_rows) {
        if (row.seq > after && out.size() < static_cast<std::size_t>(limit)) out.push_back(row);
    }
    co_return out;
}

async::Task<Result<std::string>> PlainPasswordHasher::hash(Secret password) {
    if (failure) co_return *failure;
    co_return prefix + std::string(password.reveal());
}

async::Task<Result<PasswordVerdict>> PlainPasswordHasher::verify(std::string hash,
                                                                 Secret password) {
    if (failure) co_return *failure;
    ++verified;
    verified_hashes.push_back(hash);
    const auto colon = hash.find(':');
    if (colon == hash.npos || hash.substr(colon + 1) != password.reveal()) {
        co_return PasswordVerdict::Mismatch;
    }
    co_return hash.starts_with(prefix) ? PasswordVerdict::Match : PasswordVerdict::MatchNeedsRehash;
}

Result<std::string> PlainNormalizer::nfkc(std::string_view text) const {
    if (!is_utf8(text)) return invalid_argument("not UTF-8");
    return std::string(text);
}

}  // namespace zs::testing

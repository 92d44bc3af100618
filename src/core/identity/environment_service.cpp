#include "core/identity/environment_service.hpp"

namespace zs::identity {

async::Task<Result<std::vector<EnvironmentView>>> EnvironmentService::list(PrincipalPtr caller) {
    auto all = co_await store_.list(caller->tenant.org_id);
    if (!all) co_return all.error();
    std::vector<EnvironmentView> views;
    for (const auto& environment : *all) {
        EnvironmentView view;
        view.id = environment.id;
        view.slug = environment.slug;
        view.display_name = environment.display_name;
        view.is_default = environment.is_default;
        view.current = environment.id == caller->environment_id;
        views.push_back(std::move(view));
    }
    co_return views;
}

}  // namespace zs::identity

#include "adapters/http/routes/openapi_document.hpp"
#include "base/json.hpp"
#include "core/idempotency/memory_idempotency_store.hpp"
#include "server/api.hpp"
#include "support/call_route.hpp"
#include "support/fake_sql_engine.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <set>

namespace zs::server {
namespace {

namespace json = boost::json;
using http::Needs;
using http::openapi_json;
using http::Route;
using http::Router;

class NoHealth final : public http::HealthChecks {
public:
    async::Task<http::HealthSnapshot> check() override { co_return http::HealthSnapshot(); }
};

// Registering routes takes references and calls nothing.
template <class T>
T& never_called() {
    alignas(T) static std::byte storage[sizeof(T)];
    return *reinterpret_cast<T*>(storage);
}

class OpenApiTest : public ::testing::Test {
protected:
    void SetUp() override { api_.register_routes(router_); }

    static const json::object& paths() {
        static const json::value document = json::parse(openapi_json());
        return document.at("paths").as_object();
    }
    // Every operation of the document as "get /path".
    static std::map<std::string, json::object> operations() {
        std::map<std::string, json::object> all;
        for (const auto& [path, item] : paths()) {
            for (const char* method : {"get", "put", "post", "delete", "patch"}) {
                const auto* operation = item.as_object().if_contains(method);
                if (operation == nullptr) continue;
                all.emplace(std::string(method) + " " + std::string(path), operation->as_object());
            }
        }
        return all;
    }
    // "{name*}" takes the rest of a path; the document has no way to say so.
    static std::string described_path(const Route& route) {
        std::string path = route.pattern;
        if (path.ends_with("*}")) path.erase(path.size() - 2, 1);
        return path;
    }
    static std::string name_of(const Route& route) {
        return to_lower(http::to_text(route.method)) + " " + described_path(route);
    }

    async::IoRuntime io_{1};
    async::BlockingPool pool_{"test", {.threads = 1, .queue_max = 1}};
    NoHealth health_;
    ManualClock clock_;
    testing::FakeSqlEngine engine_;
    data::SqlService sql_{engine_, data::SqlLimits()};
    data::TransactionService transactions_{engine_, sql_, clock_, data::TransactionLimits()};
    idempotency::MemoryIdempotencyStore store_;
    idempotency::IdempotencyService keys_{store_, clock_};
    Api api_{ApiServices{.identity = never_called<identity::Identity>(),
                         .sql = sql_,
                         .transactions = transactions_,
                         .collections = never_called<data::CollectionService>(),
                         .ingest = never_called<data::IngestService>(),
                         .vectors = never_called<data::VectorService>(),
                         .vector_pool = pool_,
                         .search = never_called<data::SearchService>(),
                         .idempotency = keys_,
                         .health = health_,
                         .io = io_,
                         .clock = clock_,
                         .files = never_called<files::FileService>(),
                         .file_upkeep = never_called<files::FileUpkeep>(),
                         .file_options = {},
                         .jobs = {.queue = never_called<jobs::JobQueue>(),
                                  .intake = never_called<jobs::JobIntake>(),
                                  .templates = never_called<jobs::TemplateService>(),
                                  .scheduler = never_called<jobs::Scheduler>(),
                                  .backfiller = never_called<jobs::Backfiller>(),
                                  .blobs = never_called<files::BlobStore>(),
                                  .ledger = never_called<files::BlobLedger>(),
                                  .workers = {}},
                         .fanout = never_called<events::Fanout>(),
                         .event_options = {},
                         .sockets = never_called<ws::WsServer>(),
                         .ws_options = {}},
             http::OperationsConfig()};
    Router router_;
};

TEST_F(OpenApiTest, EveryRouteIsDescribed) {
    const auto described = operations();
    for (const auto& route : router_.routes()) {
        EXPECT_TRUE(described.contains(name_of(*route))) << name_of(*route);
    }
}

TEST_F(OpenApiTest, EverythingDescribedIsARoute) {
    std::set<std::string> routes;
    for (const auto& route : router_.routes()) {
        EXPECT_TRUE(routes.insert(name_of(*route)).second) << name_of(*route) << " twice";
    }
    for (const auto& [name, operation] : operations())
        EXPECT_TRUE(routes.contains(name)) << name;
}

// What the document says about credentials: none, optional, required.
Needs::Credential described_credential(const json::object& operation) {
    const auto* security = operation.if_contains("security");
    if (security == nullptr) return Needs::Credential::Required;
    for (const auto& choice : security->as_array()) {
        if (choice.as_object().empty()) return Needs::Credential::Optional;
    }
    return security->as_array().empty() ? Needs::Credential::None : Needs::Credential::Required;
}

TEST_F(OpenApiTest, CredentialsAndRightsAgree) {
    const auto described = operations();
    for (const auto& route : router_.routes()) {
        const auto found = described.find(name_of(*route));
        if (found == described.end()) continue;
        const Needs& needs = route->options.needs;
        EXPECT_EQ(described_credential(found->second), needs.credential) << name_of(*route);
        std::string right;
        if (needs.resource && needs.right) {
            right =
                std::string(to_text(*needs.resource)) + ":" + std::string(to_text(*needs.right));
        }
        const auto* shown = found->second.if_contains("x-needs");
        EXPECT_EQ(shown == nullptr ? "" : std::string(shown->as_string().c_str()), right)
            << name_of(*route);
    }
}

TEST_F(OpenApiTest, EveryParameterOfAPathIsDescribed) {
    for (const auto& route : router_.routes()) {
        const auto* item = paths().if_contains(described_path(*route));
        if (item == nullptr) continue;
        const std::string text = json::serialize(*item);
        for (const auto& name : route->param_names) {
            const bool by_reference =
                name == "id" && text.find("parameters/Id") != std::string::npos;
            const bool by_name =
                text.find("\"name\":\"" + name + "\",\"in\":\"path\"") != std::string::npos;
            EXPECT_TRUE(by_reference || by_name) << route->pattern << " " << name;
        }
    }
}

TEST_F(OpenApiTest, EveryOperationHasItsOwnNameAndAnErrorShape) {
    std::set<std::string> names;
    for (const auto& [name, operation] : operations()) {
        const std::string id = operation.at("operationId").as_string().c_str();
        EXPECT_TRUE(names.insert(id).second) << id << " twice";
        EXPECT_TRUE(operation.at("responses").as_object().contains("default")) << name;
        EXPECT_TRUE(operation.contains("summary")) << name;
    }
}

TEST_F(OpenApiTest, TheDocumentIsStrictJson) {
    EXPECT_TRUE(parse_json(openapi_json()));
}

}  // namespace
}  // namespace zs::server

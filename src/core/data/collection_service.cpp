#include "core/data/collection_service.hpp"

#include "base/json.hpp"
#include "core/data/column_value.hpp"

namespace zs::data {
namespace {

using identity::Right;

// A table of somebody else's is filled with the caller's own right on it.
Result<void> check_other_table(const identity::Principal& principal,
                               const std::optional<Projection>& projection) {
    if (!projection || !projection->table) return {};
    if (principal.rights->allows_table(*projection->table, Right::Create)) return {};
    return identity::missing_right(identity::Resource::Tables, Right::Create);
}

// Only of columns to come: a projection from before stays as it is.
Result<void> check_dimensions(const std::optional<Projection>& projection, std::size_t max) {
    if (!projection) return {};
    for (const auto& column : projection->columns) {
        if (column.dimensions <= max) continue;
        return invalid_field("projection.columns." + column.name,
                             "projection.columns." + column.name + ": a vector has at most "
                                 + std::to_string(max) + " dimensions",
                             "dimension_too_large");
    }
    return {};
}

}  // namespace

DocumentScope scope_of(const identity::Principal& principal, Collection collection) {
    auto rights = std::make_shared<identity::Rights>(*principal.rights);
    rights->set_table(collection.name, rights->on(identity::Resource::Collections));
    DocumentScope scope;
    scope.tenant = principal.tenant;
    scope.rights = std::move(rights);
    scope.collection = std::make_shared<const Collection>(std::move(collection));
    return scope;
}

documents::Extraction extraction_of(const Collection& collection) {
    documents::Extraction wanted;
    if (!collection.projection) return wanted;
    for (const auto& column : collection.projection->columns)
        wanted.fields.push_back(column.path);
    return wanted;
}

CollectionService::CollectionService(CollectionStore& collections, DocumentStore& documents,
                                     const Clock& clock, IngestLimits limits,
                                     identity::AuditLog& audit)
    : collections_(collections),
      documents_(documents),
      clock_(clock),
      limits_(limits),
      audit_(audit) {}

async::Task<Result<std::vector<Collection>>> CollectionService::list(
    identity::PrincipalPtr principal) {
    co_return co_await collections_.list(principal->tenant);
}

async::Task<Result<Collection>> CollectionService::find(identity::PrincipalPtr principal,
                                                        std::string name) {
    co_return co_await collections_.find(principal->tenant, std::move(name), Counting::On);
}

async::Task<Result<CreatedCollection>> CollectionService::create(identity::PrincipalPtr principal,
                                                                 std::string name,
                                                                 boost::json::value projection) {
    const auto named = check_collection_name(name);
    if (!named) co_return named.error();
    auto wanted = read_projection(projection, name);
    if (!wanted) co_return std::move(wanted).error();
    const auto sized = check_dimensions(*wanted, limits_.vector_dimensions_max);
    if (!sized) co_return sized.error();
    const auto allowed = check_other_table(*principal, *wanted);
    if (!allowed) co_return allowed.error();
    Collection collection;
    collection.name = std::move(name);
    collection.projection = std::move(*wanted);
    collection.created_at = clock_.now();
    co_return co_await collections_.create(principal->tenant, std::move(collection));
}

async::Task<Result<void>> CollectionService::drop(identity::PrincipalPtr principal,
                                                  identity::Client client, std::string name) {
    auto entry = identity::audit_by(*principal, client, "collection.delete", "collection/" + name);
    entry.details["environment"] = principal->tenant.env_slug;
    auto dropped = co_await collections_.drop(principal->tenant, std::move(name));
    if (!dropped) co_return dropped;
    co_await audit_.append(std::move(entry));
    co_return dropped;
}

async::Task<Result<ProjectedCollection>> CollectionService::project(
    identity::PrincipalPtr principal, std::string name, boost::json::value projection) {
    auto wanted = read_projection(projection, name);
    if (!wanted) co_return std::move(wanted).error();
    const auto sized = check_dimensions(*wanted, limits_.vector_dimensions_max);
    if (!sized) co_return sized.error();
    const auto allowed = check_other_table(*principal, *wanted);
    if (!allowed) co_return allowed.error();
    co_return co_await collections_.project(principal->tenant, std::move(name), std::move(*wanted));
}

async::Task<Result<DocumentScope>> CollectionService::open(identity::PrincipalPtr principal,
                                                           std::string name) {
    auto found = co_await collections_.find(principal->tenant, std::move(name), Counting::Off);
    if (!found) co_return std::move(found).error();
    co_return scope_of(*principal, std::move(*found));
}

async::Task<Result<DocumentPiece>> CollectionService::read_piece(DocumentScope scope,
                                                                 DocumentCursor after) {
    co_return co_await documents_.read_piece(std::move(scope), std::move(after));
}

async::Task<Result<DocumentScope>> CollectionService::begin_export(identity::PrincipalPtr principal,
                                                                   identity::Client client,
                                                                   std::string name,
                                                                   std::string id) {
    auto entry = identity::audit_by(*principal, client, "collection.export", "collection/" + name);
    entry.details["environment"] = principal->tenant.env_slug;
    auto scope = co_await open(std::move(principal), std::move(name));
    if (!scope) co_return scope;
    if (!id.empty()) {
        auto document = co_await documents_.find(*scope, std::move(id));
        if (!document) co_return std::move(document).error();
    }
    co_await audit_.append(std::move(entry));
    co_return scope;
}

async::Task<Result<StoredDocument>> CollectionService::find_document(
    identity::PrincipalPtr principal, std::string name, std::string id) {
    auto scope = co_await open(std::move(principal), std::move(name));
    if (!scope) co_return std::move(scope).error();
    co_return co_await documents_.find(std::move(*scope), std::move(id));
}

async::Task<Result<bool>> CollectionService::put_document(identity::PrincipalPtr principal,
                                                          std::string name, std::string id,
                                                          std::string json) {
    auto scope = co_await open(std::move(principal), std::move(name));
    if (!scope) co_return std::move(scope).error();
    auto wanted = extraction_of(*scope->collection);
    wanted.default_id = id;
    documents::ReaderLimits reading;
    reading.document_bytes_max = limits_.document_bytes_max;
    documents::DocumentReader reader(documents::Form::Values, std::move(wanted), reading);
    reader.feed(json);
    reader.finish();
    std::shared_ptr<const documents::DocumentBatch> batch = reader.take();
    if (batch->documents().size() != 1 || (reader.failure() && batch->rejected() == 0)) {
        co_return invalid_argument("the body must be one JSON object", "invalid_json");
    }
    const auto& document = batch->documents().front();
    if (document.is_rejected()) {
        const auto& rejection = batch->rejection(document);
        if (rejection.code == "document_too_large")
            co_return too_large(rejection.message, rejection.code);
        co_return invalid_argument(rejection.message,
                                   rejection.code == "not_an_object" ? "" : "invalid_json");
    }
    std::string scratch;
    std::string_view own;
    if (!fit_id(document.id, own, scratch) || own != id) {
        co_return invalid_field(
            "_id", "the document's _id must be the one in the path, of 1 to 512 bytes");
    }
    DocumentWrite write;
    write.scope = std::move(*scope);
    write.batches.push_back(std::move(batch));
    write.on_conflict = OnConflict::Replace;
    write.atomic = true;
    auto written = co_await documents_.write(std::move(write));
    if (!written) co_return std::move(written).error();
    if (!written->errors.empty()) {
        auto& first = written->errors.front();
        const bool known = first.code == "projection_mismatch";
        if (known) co_return unprocessable(first.message, "doc");
        co_return conflict(first.message, first.code);
    }
    co_return written->counts.replaced == 0;
}

async::Task<Result<StoredDocument>> CollectionService::merge_document(
    identity::PrincipalPtr principal, std::string name, std::string id, boost::json::object patch) {
    auto scope = co_await open(std::move(principal), std::move(name));
    if (!scope) co_return std::move(scope).error();
    if (const auto* own = patch.if_contains("_id");
        own != nullptr && (!own->is_string() || own->get_string() != id)) {
        co_return invalid_field("_id", "a document keeps its _id");
    }
    co_return co_await documents_.merge(std::move(*scope), std::move(id), std::move(patch));
}

async::Task<Result<void>> CollectionService::remove_document(identity::PrincipalPtr principal,
                                                             std::string name, std::string id) {
    auto scope = co_await open(std::move(principal), std::move(name));
    if (!scope) co_return std::move(scope).error();
    co_return co_await documents_.remove(std::move(*scope), std::move(id));
}

async::Task<Result<identity::Page<FoundDocument>>> CollectionService::list_documents(
    identity::PrincipalPtr principal, std::string name, DocumentListRequest request) {
    DocumentQuery query;
    if (!request.filter.empty()) {
        auto conditions = read_filter(request.filter);
        if (!conditions) co_return std::move(conditions).error();
        query.conditions = std::move(*conditions);
    }
    auto sort = read_sort(request.sort);
    if (!sort) co_return std::move(sort).error();
    query.sort = std::move(*sort);
    query.limit = static_cast<std::size_t>(request.page.limit);
    const std::string filters = "documents:" + name + '\n' + request.filter + '\n' + request.sort;
    if (request.page.cursor) {
        const auto key = identity::read_cursor(filters, *request.page.cursor);
        if (!key) co_return key.error();
        auto keys = read_keys(*key);
        if (!keys || keys->size() != query.sort.size() + 1) {
            co_return invalid_argument("the cursor is malformed", "invalid_cursor");
        }
        query.after = std::move(*keys);
    }
    auto scope = co_await open(std::move(principal), std::move(name));
    if (!scope) co_return std::move(scope).error();
    auto found = co_await documents_.list(std::move(*scope), std::move(query));
    if (!found) co_return std::move(found).error();
    const auto key_of = [](const FoundDocument& document) { return write_keys(document.keys); };
    co_return identity::make_page(std::move(*found), request.page, filters, key_of);
}

}  // namespace zs::data

#include "support/memory_collections.hpp"

#include "base/ids.hpp"
#include "base/json.hpp"
#include "core/data/collection_service.hpp"
#include "core/data/column_value.hpp"
#include "core/data/document_limits.hpp"
#include "core/data/merge_patch.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace zs::testing {
namespace {

namespace json = boost::json;
using data::Compare;
using data::SqlValue;

Error no_such_collection(const std::string& name) {
    return not_found("no such collection: " + name, "no_such_collection");
}

Error no_such_document(const std::string& id) {
    return not_found("no such document: " + id, "no_such_document");
}

data::DocumentError error_at(const documents::Document& document, std::string code,
                             std::string message) {
    data::DocumentError error;
    error.index = document.index;
    error.line = document.line;
    error.offset = document.offset;
    error.code = std::move(code);
    error.message = std::move(message);
    return error;
}

SqlValue to_sql(const json::value& value) {
    switch (value.kind()) {
        case json::kind::null: return {};
        case json::kind::bool_: return std::int64_t{value.get_bool() ? 1 : 0};
        case json::kind::int64: return value.get_int64();
        case json::kind::uint64: return static_cast<double>(value.get_uint64());
        case json::kind::double_: return value.get_double();
        case json::kind::string: return std::string(value.get_string());
        default: return json::serialize(value);
    }
}

const json::value* at_path(const json::value& document, std::string_view path) {
    const json::value* value = &document;
    while (value != nullptr && !path.empty()) {
        const auto dot = path.find('.');
        const auto* object = value->if_object();
        if (object == nullptr) return nullptr;
        value = object->if_contains(path.substr(0, dot));
        path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    }
    return value;
}

SqlValue value_at(const data::StoredDocument& document, std::string_view path) {
    if (path == "_id") return document.id;
    if (path == "_ts") return document.timestamp;
    const auto parsed = json::parse(document.json);
    const auto* value = at_path(parsed, path);
    return value == nullptr ? SqlValue() : to_sql(*value);
}

// NULL, then numbers, then text; as the engine has it.
int rank(const SqlValue& value) {
    if (std::holds_alternative<std::monostate>(value)) return 0;
    return std::holds_alternative<std::string>(value) ? 2 : 1;
}

double number(const SqlValue& value) {
    const auto* whole = std::get_if<std::int64_t>(&value);
    return whole != nullptr ? static_cast<double>(*whole) : std::get<double>(value);
}

int order(const SqlValue& a, const SqlValue& b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b) ? -1 : 1;
    if (rank(a) == 0) return 0;
    if (rank(a) == 1) {
        return number(a) < number(b) ? -1 : number(a) > number(b) ? 1 : 0;
    }
    return std::get<std::string>(a).compare(std::get<std::string>(b));
}

bool holds(const data::StoredDocument& document, const data::Condition& condition) {
    const auto value = value_at(document, condition.path);
    const auto& wanted = condition.values.front();
    const bool null = rank(value) == 0;
    const auto same_kind = [&] { return !null && rank(wanted) != 0; };
    switch (condition.compare) {
        case Compare::Eq: return order(value, wanted) == 0;
        case Compare::Ne: return order(value, wanted) != 0;
        case Compare::Gt: return same_kind() && order(value, wanted) > 0;
        case Compare::Gte: return same_kind() && order(value, wanted) >= 0;
        case Compare::Lt: return same_kind() && order(value, wanted) < 0;
        case Compare::Lte: return same_kind() && order(value, wanted) <= 0;
        case Compare::In:
            return !null && std::ranges::any_of(condition.values, [&](const SqlValue& each) {
                return order(value, each) == 0;
            });
        case Compare::Prefix: {
            const auto* text = std::get_if<std::string>(&value);
            return text != nullptr && text->starts_with(std::get<std::string>(wanted));
        }
        case Compare::Exists: {
            const bool there = condition.path == "_id" || condition.path == "_ts"
                               || at_path(json::parse(document.json), condition.path) != nullptr;
            return there == (number(wanted) != 0);
        }
    }
    return false;
}

int order_keys(const std::vector<SqlValue>& a, const std::vector<SqlValue>& b,
               const std::vector<data::SortKey>& sort) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        const int compared = order(a[i], b[i]);
        if (compared != 0) return i < sort.size() && sort[i].descending ? -compared : compared;
    }
    return 0;
}

std::optional<std::string> misfit(const data::Collection& collection,
                                  const documents::DocumentBatch& batch,
                                  const documents::Document& document) {
    if (!collection.projection) return std::nullopt;
    std::string scratch;
    for (std::size_t i = 0; i < collection.projection->columns.size(); ++i) {
        const auto& column = collection.projection->columns[i];
        data::SqlValueView value;
        if (!data::fit_column(column, batch.value(document, i), value, scratch)) {
            return "'" + column.path + "' does not fit " + column.type;
        }
        if (column.required && value.kind == data::SqlValueView::Kind::Null) {
            return "'" + column.path + "' is required";
        }
    }
    return std::nullopt;
}

data::StoredDocument letter(const data::DocumentError& error, std::string_view text,
                            const Clock& clock) {
    json::object out;
    out.emplace("index", error.index);
    out.emplace("line", error.line);
    out.emplace("offset", error.offset);
    out.emplace("error", error.code);
    out.emplace("message", error.message);
    std::string shown;
    append_json_string(shown, text);
    out.emplace("document", json::parse(shown));
    data::StoredDocument made;
    made.id = Uuid::next(clock).to_string();
    made.timestamp = to_rfc3339(clock.now());
    made.json = json::serialize(out);
    return made;
}

}  // namespace

Result<MemoryCollections::Kept*> MemoryCollections::look_up(const identity::Tenant& tenant,
                                                            const std::string& name) {
    auto& all = tenants_[tenant].collections;
    const auto found = all.find(name);
    if (found == all.end()) return no_such_collection(name);
    return &found->second;
}

Result<MemoryCollections::Kept*> MemoryCollections::current(const data::DocumentScope& scope) {
    auto kept = look_up(scope.tenant, scope.collection->name);
    if (kept && (*kept)->collection.version == scope.collection->version) return kept;
    return conflict("the collection was changed or dropped meanwhile", "collection_changed");
}

async::Task<Result<std::vector<data::Collection>>> MemoryCollections::list(
    identity::Tenant tenant) {
    const std::lock_guard lock(mutex_);
    std::vector<data::Collection> all;
    for (const auto& [name, kept] : tenants_[tenant].collections) {
        all.push_back(kept.collection);
        all.back().document_count = kept.rows.size();
    }
    co_return all;
}

async::Task<Result<data::Collection>> MemoryCollections::find(identity::Tenant tenant,
                                                              std::string name,
                                                              data::Counting counting) {
    const std::lock_guard lock(mutex_);
    const auto kept = look_up(tenant, name);
    if (!kept) co_return kept.error();
    data::Collection found = (*kept)->collection;
    if (counting == data::Counting::On) found.document_count = (*kept)->rows.size();
    co_return found;
}

async::Task<Result<data::CreatedCollection>> MemoryCollections::create(
    identity::Tenant tenant, data::Collection collection) {
    const std::lock_guard lock(mutex_);
    data::CreatedCollection created;
    if (const auto known = look_up(tenant, collection.name)) {
        if ((*known)->collection.projection != collection.projection) {
            co_return conflict("the collection exists", "collection_exists");
        }
        created.collection = (*known)->collection;
        created.existed = true;
        co_return created;
    }
    static std::uint64_t versions = 0;
    collection.version = ++versions << 10;
    created.collection = collection;
    tenants_[tenant].collections[collection.name].collection = std::move(collection);
    co_return created;
}

async::Task<Result<void>> MemoryCollections::drop(identity::Tenant tenant, std::string name) {
    const std::lock_guard lock(mutex_);
    if (tenants_[tenant].collections.erase(name) == 0) co_return no_such_collection(name);
    co_return Result<void>();
}

async::Task<Result<data::ProjectedCollection>> MemoryCollections::project(
    identity::Tenant tenant, std::string name, std::optional<data::Projection> projection) {
    const std::lock_guard lock(mutex_);
    const auto kept = look_up(tenant, name);
    if (!kept) co_return kept.error();
    (*kept)->collection.projection = std::move(projection);
    ++(*kept)->collection.version;
    data::ProjectedCollection projected;
    projected.collection = (*kept)->collection;
    co_return projected;
}

// Nothing: the document is stored, or was ignored.
std::optional<data::DocumentError> MemoryCollections::store(Kept& kept,
                                                            const data::DocumentWrite& write,
                                                            const documents::DocumentBatch& batch,
                                                            const documents::Document& document,
                                                            data::DocumentWritten& written) {
    if (document.is_rejected()) {
        const auto& rejection = batch.rejection(document);
        return error_at(document, rejection.code, rejection.message);
    }
    std::string scratch;
    std::string id = Uuid::next(clock_).to_string();
    if (document.id.kind != documents::ValueKind::Missing) {
        std::string_view own;
        if (!data::fit_id(document.id, own, scratch)) {
            return error_at(document, "invalid_id", "_id must be text or a number");
        }
        id = own;
    }
    if (auto why = misfit(kept.collection, batch, document)) {
        return error_at(document, "projection_mismatch", std::move(*why));
    }
    const auto twin = kept.by_id.find(id);
    if (twin != kept.by_id.end()) {
        if (write.on_conflict == data::OnConflict::Error) {
            return error_at(document, "duplicate_id", "a document with this _id is there already");
        }
        if (write.on_conflict == data::OnConflict::Ignore) {
            ++written.counts.ignored;
            return std::nullopt;
        }
        ++written.counts.replaced;
    }
    const std::int64_t row = twin != kept.by_id.end() ? twin->second : ++kept.last_row;
    kept.by_id[id] = row;
    auto& stored = kept.rows[row];
    stored.id = id;
    stored.timestamp = to_rfc3339(clock_.now());
    stored.json = document.json;
    ++written.counts.ingested;
    if (written.ids.size() < data::limits::kToldIdsMax) written.ids.push_back(id);
    return std::nullopt;
}

Result<data::DocumentWritten> MemoryCollections::write_locked(const data::DocumentWrite& write) {
    auto kept = current(write.scope);
    if (!kept) return kept.error();
    Kept* letters = nullptr;
    if (write.dead_letters) {
        auto found = current(*write.dead_letters);
        if (!found) return found.error();
        letters = *found;
    }
    data::DocumentWritten written;
    written.counts.batches = 1;
    for (const auto& batch : write.batches) {
        for (const auto& document : batch->documents()) {
            if (written.stopped) break;
            auto error = store(**kept, write, *batch, document, written);
            if (!error) continue;
            written.stopped = written.counts.errors >= write.errors_max;
            if (written.stopped) written.stopped_at = document.position();
            if (letters != nullptr && !written.stopped) {
                auto made = letter(*error, document.json, clock_);
                letters->by_id[made.id] = ++letters->last_row;
                letters->rows[letters->last_row] = std::move(made);
            }
            ++written.counts.errors;
            if (written.errors.size() < data::limits::kDocumentErrorsMax) {
                written.errors.push_back(std::move(*error));
            }
        }
    }
    if (!write.stream || write.dry_run) return written;
    auto state = data::stream_behind(*write.stream, written);
    tenants_[write.scope.tenant].streams[state.key] = std::move(state);
    return written;
}

async::Task<Result<data::DocumentWritten>> MemoryCollections::write(data::DocumentWrite write) {
    if (before_write) {
        const auto allowed = before_write(write);
        if (!allowed) co_return allowed.error();
    }
    const std::lock_guard lock(mutex_);
    const auto before = tenants_[write.scope.tenant];
    auto written = write_locked(write);
    const bool undone = !written || write.dry_run || (write.atomic && written->counts.errors > 0);
    if (undone) tenants_[write.scope.tenant] = before;
    if (written && write.atomic) written->stopped = written->counts.errors > 0;
    co_return written;
}

async::Task<Result<data::StoredDocument>> MemoryCollections::find(data::DocumentScope scope,
                                                                  std::string id) {
    const std::lock_guard lock(mutex_);
    const auto kept = look_up(scope.tenant, scope.collection->name);
    if (!kept) co_return kept.error();
    const auto found = (*kept)->by_id.find(id);
    if (found == (*kept)->by_id.end()) co_return no_such_document(id);
    co_return (*kept)->rows.at(found->second);
}

async::Task<Result<data::StoredDocument>> MemoryCollections::merge(data::DocumentScope scope,
                                                                   std::string id,
                                                                   boost::json::object patch) {
    const std::lock_guard lock(mutex_);
    const auto kept = current(scope);
    if (!kept) co_return kept.error();
    const auto found = (*kept)->by_id.find(id);
    if (found == (*kept)->by_id.end()) co_return no_such_document(id);
    auto& stored = (*kept)->rows.at(found->second);
    auto merged = json::parse(stored.json);
    data::merge_patch(merged, patch);
    const std::string text = json::serialize(merged);
    documents::DocumentReader reader(documents::Form::Values,
                                     data::extraction_of((*kept)->collection), {});
    reader.feed(text);
    reader.finish();
    const auto batch = reader.take();
    if (auto why = misfit((*kept)->collection, *batch, batch->documents().front())) {
        co_return unprocessable(*why, "doc");
    }
    stored.json = text;
    stored.timestamp = to_rfc3339(clock_.now());
    co_return stored;
}

async::Task<Result<void>> MemoryCollections::remove(data::DocumentScope scope, std::string id) {
    const std::lock_guard lock(mutex_);
    const auto kept = look_up(scope.tenant, scope.collection->name);
    if (!kept) co_return kept.error();
    const auto found = (*kept)->by_id.find(id);
    if (found == (*kept)->by_id.end()) co_return no_such_document(id);
    (*kept)->rows.erase(found->second);
    (*kept)->by_id.erase(found);
    co_return Result<void>();
}

async::Task<Result<std::vector<data::FoundDocument>>> MemoryCollections::list(
    data::DocumentScope scope, data::DocumentQuery query) {
    const std::lock_guard lock(mutex_);
    const auto kept = look_up(scope.tenant, scope.collection->name);
    if (!kept) co_return kept.error();
    std::vector<data::FoundDocument> found;
    for (const auto& [row, stored] : (*kept)->rows) {
        const auto& document = stored;
        const bool wanted = std::ranges::all_of(
            query.conditions, [&](const auto& condition) { return holds(document, condition); });
        if (!wanted) continue;
        data::FoundDocument made;
        made.id = stored.id;
        made.timestamp = stored.timestamp;
        made.json = stored.json;
        for (const auto& key : query.sort)
            made.keys.push_back(value_at(stored, key.path));
        made.keys.emplace_back(stored.id);
        const bool behind =
            query.after.empty() || order_keys(made.keys, query.after, query.sort) > 0;
        if (behind) found.push_back(std::move(made));
    }
    std::ranges::sort(found, [&](const auto& a, const auto& b) {
        return order_keys(a.keys, b.keys, query.sort) < 0;
    });
    if (found.size() > query.limit + 1) found.resize(query.limit + 1);
    co_return found;
}

async::Task<Result<data::DocumentPiece>> MemoryCollections::read_piece(data::DocumentScope scope,
                                                                       data::DocumentCursor after) {
    const std::lock_guard lock(mutex_);
    const auto kept = look_up(scope.tenant, scope.collection->name);
    if (!kept) co_return kept.error();
    if (!after.id.empty()) after.row = (*kept)->by_id[after.id];
    data::DocumentPiece piece;
    for (auto at = (*kept)->rows.upper_bound(after.row); at != (*kept)->rows.end(); ++at) {
        if (piece.text.size() >= data::limits::kExportPieceBytes) {
            piece.next = std::prev(at)->first;
            break;
        }
        json::object document = json::parse(at->second.json).as_object();
        document.emplace("_id", at->second.id);
        piece.text += json::serialize(document) + "\n";
        ++piece.count;
    }
    co_return piece;
}

async::Task<Result<std::optional<data::StreamState>>> MemoryCollections::stream(
    identity::Tenant tenant, std::string key) {
    const std::lock_guard lock(mutex_);
    const auto& streams = tenants_[tenant].streams;
    const auto found = streams.find(key);
    if (found == streams.end()) co_return std::optional<data::StreamState>();
    co_return std::optional<data::StreamState>(found->second);
}

}  // namespace zs::testing

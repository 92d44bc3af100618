// DuckDB in memory, with its fixed-size arrays.
#include "support/knn_peers.hpp"
#include "support/shared_library.hpp"

#include <algorithm>
#include <cstring>

namespace zs::bench {
namespace {

constexpr const char* kLibrary =
    ZS_BENCH_PEERS "/node_modules/@duckdb/node-bindings-linux-x64/libduckdb.so";

// The C interface of DuckDB: handles are pointers; a result is filled in by the library.
using Handle = void*;
struct QueryResult {
    std::uint64_t counts[3];
    void* columns;
    char* message;
    void* data;
};
constexpr int kTypeBigint = 5;
constexpr int kTypeFloat = 10;

class DuckDb final : public KnnPeer {
public:
    explicit DuckDb(const KnnTable& table) : library_(kLibrary), dimensions_(table.dimensions) {
        load_functions();
        require(open_(nullptr, &database_) == 0, "open");
        require(connect_(database_, &connection_) == 0, "connect");
        run(fmt::format("create table v (id bigint, e float[{}])", dimensions_));
        fill(table);
        const auto sql = fmt::format(
            "select id from v order by array_distance(e, $1::float[{}]) limit $2", dimensions_);
        require(prepare_(connection_, sql.c_str(), &query_) == 0, "prepare");
    }

    std::string name() const override { return "DuckDB"; }

    std::vector<std::uint64_t> nearest(std::span<const float> query, std::size_t k) override {
        const std::string text = fmt::format("[{}]", fmt::join(query, ","));
        require(bind_text_(query_, 1, text.c_str()) == 0, "bind the vector");
        require(bind_int64_(query_, 2, std::int64_t(k)) == 0, "bind the count");
        QueryResult result{};
        require(execute_(query_, &result) == 0, "search");
        std::vector<std::uint64_t> found;
        while (Handle chunk = fetch_(result)) {
            const auto* ids = static_cast<const std::int64_t*>(data_(vector_(chunk, 0)));
            for (std::uint64_t i = 0; i < size_(chunk); ++i)
                found.push_back(std::uint64_t(ids[i]));
            destroy_chunk_(&chunk);
        }
        destroy_result_(&result);
        return found;
    }

private:
    void load_functions() {
        library_.find(open_, "duckdb_open");
        library_.find(connect_, "duckdb_connect");
        library_.find(run_, "duckdb_query");
        library_.find(prepare_, "duckdb_prepare");
        library_.find(bind_text_, "duckdb_bind_varchar");
        library_.find(bind_int64_, "duckdb_bind_int64");
        library_.find(execute_, "duckdb_execute_prepared");
        library_.find(fetch_, "duckdb_fetch_chunk");
        library_.find(size_, "duckdb_data_chunk_get_size");
        library_.find(set_size_, "duckdb_data_chunk_set_size");
        library_.find(vector_, "duckdb_data_chunk_get_vector");
        library_.find(child_, "duckdb_array_vector_get_child");
        library_.find(data_, "duckdb_vector_get_data");
        library_.find(destroy_chunk_, "duckdb_destroy_data_chunk");
        library_.find(destroy_result_, "duckdb_destroy_result");
        library_.find(type_, "duckdb_create_logical_type");
        library_.find(array_type_, "duckdb_create_array_type");
        library_.find(create_chunk_, "duckdb_create_data_chunk");
        library_.find(reset_chunk_, "duckdb_data_chunk_reset");
        library_.find(appender_, "duckdb_appender_create");
        library_.find(append_, "duckdb_append_data_chunk");
        library_.find(end_appender_, "duckdb_appender_destroy");
        library_.find(chunk_max_, "duckdb_vector_size");
    }

    void fill(const KnnTable& table) {
        Handle appender = nullptr;
        require(appender_(connection_, nullptr, "v", &appender) == 0, "appender");
        Handle types[]{type_(kTypeBigint), array_type_(type_(kTypeFloat), dimensions_)};
        Handle chunk = create_chunk_(types, 2);
        for (std::size_t begin = 0; begin < table.count(); begin += chunk_max_()) {
            const std::size_t count = std::min<std::size_t>(chunk_max_(), table.count() - begin);
            reset_chunk_(chunk);
            auto* ids = static_cast<std::int64_t*>(data_(vector_(chunk, 0)));
            for (std::size_t i = 0; i < count; ++i)
                ids[i] = std::int64_t(begin + i);
            std::memcpy(data_(child_(vector_(chunk, 1))), &table.vectors[begin * dimensions_],
                        count * dimensions_ * sizeof(float));
            set_size_(chunk, count);
            require(append_(appender, chunk) == 0, "append");
        }
        destroy_chunk_(&chunk);
        require(end_appender_(&appender) == 0, "end of appending");
    }

    void run(const std::string& sql) {
        QueryResult result{};
        require(run_(connection_, sql.c_str(), &result) == 0, sql.c_str());
        destroy_result_(&result);
    }
    static void require(bool good, const char* what) {
        if (!good) throw Failure(fmt::format("DuckDB: {} failed", what));
    }

    SharedLibrary library_;
    std::size_t dimensions_;
    int (*open_)(const char*, Handle*) = nullptr;
    int (*connect_)(Handle, Handle*) = nullptr;
    int (*run_)(Handle, const char*, QueryResult*) = nullptr;
    int (*prepare_)(Handle, const char*, Handle*) = nullptr;
    int (*bind_text_)(Handle, std::uint64_t, const char*) = nullptr;
    int (*bind_int64_)(Handle, std::uint64_t, std::int64_t) = nullptr;
    int (*execute_)(Handle, QueryResult*) = nullptr;
    Handle (*fetch_)(QueryResult) = nullptr;
    std::uint64_t (*size_)(Handle) = nullptr;
    void (*set_size_)(Handle, std::uint64_t) = nullptr;
    Handle (*vector_)(Handle, std::uint64_t) = nullptr;
    Handle (*child_)(Handle) = nullptr;
    void* (*data_)(Handle) = nullptr;
    void (*destroy_chunk_)(Handle*) = nullptr;
    void (*destroy_result_)(QueryResult*) = nullptr;
    Handle (*type_)(int) = nullptr;
    Handle (*array_type_)(Handle, std::uint64_t) = nullptr;
    Handle (*create_chunk_)(Handle*, std::uint64_t) = nullptr;
    void (*reset_chunk_)(Handle) = nullptr;
    int (*appender_)(Handle, const char*, const char*, Handle*) = nullptr;
    int (*append_)(Handle, Handle) = nullptr;
    int (*end_appender_)(Handle*) = nullptr;
    std::uint64_t (*chunk_max_)() = nullptr;
    Handle database_ = nullptr;
    Handle connection_ = nullptr;
    Handle query_ = nullptr;
};

}  // namespace

std::unique_ptr<KnnPeer> open_duckdb(const KnnTable& table) {
    return std::make_unique<DuckDb>(table);
}

}  // namespace zs::bench

// sqlite-vec inside Debian's SQLite, in memory.
#include "support/knn_peers.hpp"
#include "support/shared_library.hpp"

namespace zs::bench {
namespace {

constexpr const char* kSqlite = "libsqlite3.so.0";
constexpr const char* kExtension = ZS_BENCH_PEERS "/node_modules/sqlite-vec-linux-x64/vec0.so";

using Db = void;
using Statement = void;

class SqliteVec final : public KnnPeer {
public:
    explicit SqliteVec(const KnnTable& table) : library_(kSqlite) {
        load_functions();
        require(open_(":memory:", &db_) == 0, "open");
        require(enable_extensions_(db_, 1) == 0, "enable extensions");
        require(load_extension_(db_, kExtension, "sqlite3_vec_init", nullptr) == 0, kExtension);
        run(fmt::format("create virtual table v using vec0(e float[{}])", table.dimensions));
        fill(table);
        query_ = prepared("select rowid from v where e match ?1 and k = ?2 order by distance");
    }
    ~SqliteVec() override {
        finalize_(query_);
        close_(db_);
    }

    std::string name() const override { return "sqlite-vec"; }

    std::vector<std::uint64_t> nearest(std::span<const float> query, std::size_t k) override {
        bind_blob_(query_, 1, query.data(), int(query.size_bytes()), nullptr);
        bind_int64_(query_, 2, std::int64_t(k));
        std::vector<std::uint64_t> found;
        int step = 0;
        while ((step = step_(query_)) == kRow)
            found.push_back(std::uint64_t(column_int64_(query_, 0)));
        require(step == kDone, "search");
        reset_(query_);
        return found;
    }

private:
    static constexpr int kRow = 100;
    static constexpr int kDone = 101;

    void load_functions() {
        library_.find(open_, "sqlite3_open");
        library_.find(close_, "sqlite3_close");
        library_.find(enable_extensions_, "sqlite3_enable_load_extension");
        library_.find(load_extension_, "sqlite3_load_extension");
        library_.find(prepare_, "sqlite3_prepare_v2");
        library_.find(step_, "sqlite3_step");
        library_.find(reset_, "sqlite3_reset");
        library_.find(finalize_, "sqlite3_finalize");
        library_.find(bind_blob_, "sqlite3_bind_blob");
        library_.find(bind_int64_, "sqlite3_bind_int64");
        library_.find(column_int64_, "sqlite3_column_int64");
        library_.find(message_, "sqlite3_errmsg");
    }

    void fill(const KnnTable& table) {
        run("begin");
        Statement* insert = prepared("insert into v(rowid, e) values (?1, ?2)");
        for (std::size_t i = 0; i < table.count(); ++i) {
            bind_int64_(insert, 1, std::int64_t(i));
            bind_blob_(insert, 2, &table.vectors[i * table.dimensions],
                       int(table.dimensions * sizeof(float)), nullptr);
            require(step_(insert) == kDone, "insert");
            reset_(insert);
        }
        finalize_(insert);
        run("commit");
    }

    Statement* prepared(const std::string& sql) {
        Statement* statement = nullptr;
        require(prepare_(db_, sql.c_str(), -1, &statement, nullptr) == 0, sql.c_str());
        return statement;
    }
    void run(const std::string& sql) {
        Statement* statement = prepared(sql);
        require(step_(statement) == kDone, sql.c_str());
        finalize_(statement);
    }
    void require(bool good, const char* what) {
        if (good) return;
        const char* reason = db_ == nullptr ? "" : message_(db_);
        throw Failure(fmt::format("sqlite-vec: {}: {}", what, reason));
    }

    SharedLibrary library_;
    int (*open_)(const char*, Db**) = nullptr;
    int (*close_)(Db*) = nullptr;
    int (*enable_extensions_)(Db*, int) = nullptr;
    int (*load_extension_)(Db*, const char*, const char*, char**) = nullptr;
    int (*prepare_)(Db*, const char*, int, Statement**, const char**) = nullptr;
    int (*step_)(Statement*) = nullptr;
    int (*reset_)(Statement*) = nullptr;
    int (*finalize_)(Statement*) = nullptr;
    int (*bind_blob_)(Statement*, int, const void*, int, void (*)(void*)) = nullptr;
    int (*bind_int64_)(Statement*, int, std::int64_t) = nullptr;
    std::int64_t (*column_int64_)(Statement*, int) = nullptr;
    const char* (*message_)(Db*) = nullptr;
    Db* db_ = nullptr;
    Statement* query_ = nullptr;
};

}  // namespace

std::unique_ptr<KnnPeer> open_sqlite_vec(const KnnTable& table) {
    return std::make_unique<SqliteVec>(table);
}

}  // namespace zs::bench

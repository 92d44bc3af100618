#include "support/hnsw_peers.hpp"

#ifdef ZS_BENCH_HNSWLIB
#include <hnswlib/hnswlib.h>
#endif
#include <usearch/index_dense.hpp>
#ifdef ZS_BENCH_FAISS
#include <faiss/IndexHNSW.h>
#include <omp.h>
#endif

namespace zs::bench {
namespace {

#ifdef ZS_BENCH_HNSWLIB
class Hnswlib final : public HnswPeer {
public:
    explicit Hnswlib(const HnswSettings& s)
        : space_(s.dimensions), index_(&space_, s.count, s.m, s.ef_construction) {}
    void add(const float* vector, std::uint64_t id) override { index_.addPoint(vector, id); }
    void set_ef(std::size_t ef) override { index_.setEf(ef); }
    void search(const float* query, std::size_t k, std::vector<std::uint64_t>& out) override {
        auto found = index_.searchKnn(query, k);
        out.clear();
        for (; !found.empty(); found.pop())
            out.push_back(found.top().second);
    }

private:
    hnswlib::L2Space space_;
    hnswlib::HierarchicalNSW<float> index_;
};
#endif

#ifdef ZS_BENCH_FAISS
class Faiss final : public HnswPeer {
public:
    explicit Faiss(const HnswSettings& s) : index_(int(s.dimensions), int(s.m)) {
        omp_set_num_threads(1);
        index_.hnsw.efConstruction = int(s.ef_construction);
    }
    void add(const float* vector, std::uint64_t) override { index_.add(1, vector); }
    void set_ef(std::size_t ef) override { index_.hnsw.efSearch = int(ef); }
    void search(const float* query, std::size_t k, std::vector<std::uint64_t>& out) override {
        distances_.resize(k);
        labels_.resize(k);
        index_.search(1, query, faiss::Index::idx_t(k), distances_.data(), labels_.data());
        out.assign(labels_.begin(), labels_.end());
    }

private:
    faiss::IndexHNSWFlat index_;
    std::vector<float> distances_;
    std::vector<faiss::Index::idx_t> labels_;
};
#endif

// The index of vectors that USearch itself makes of its graph, with its own metric.
class PlainUsearch final : public HnswPeer {
public:
    explicit PlainUsearch(const HnswSettings& s) {
        namespace us = unum::usearch;
        const us::metric_punned_t metric(s.dimensions, us::metric_kind_t::l2sq_k,
                                         us::scalar_kind_t::f32_k);
        us::index_dense_config_t config(s.m, s.ef_construction, s.ef_construction);
        index_ = us::index_dense_t::make(metric, config).index;
        index_.try_reserve(us::index_limits_t(s.count, 1));
    }
    void add(const float* vector, std::uint64_t id) override { index_.add(id, vector, 0); }
    void set_ef(std::size_t ef) override { index_.change_expansion_search(ef); }
    void search(const float* query, std::size_t k, std::vector<std::uint64_t>& out) override {
        const auto found = index_.search(query, k, 0);
        out.resize(k);
        out.resize(found.dump_to(out.data()));
    }

private:
    unum::usearch::index_dense_t index_;
};

template <class Peer>
HnswPeerMaker maker_of(const char* name) {
    const auto make = [](const HnswSettings& settings) -> std::unique_ptr<HnswPeer> {
        return std::make_unique<Peer>(settings);
    };
    return {name, make};
}

}  // namespace

std::vector<HnswPeerMaker> hnsw_peers() {
    std::vector<HnswPeerMaker> peers;
#ifdef ZS_BENCH_FAISS
    peers.push_back(maker_of<Faiss>("FAISS"));
#endif
#ifdef ZS_BENCH_HNSWLIB
    peers.push_back(maker_of<Hnswlib>("hnswlib"));
#endif
    peers.push_back(maker_of<PlainUsearch>("USearch"));
    return peers;
}

}  // namespace zs::bench

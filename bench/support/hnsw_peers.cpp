#include "support/hnsw_peers.hpp"

#ifdef ZS_BENCH_HNSWLIB
#include <hnswlib/hnswlib.h>
#endif
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
    std::string name() const override { return "hnswlib"; }
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
    std::string name() const override { return "FAISS"; }
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

}  // namespace

std::vector<std::unique_ptr<HnswPeer>> hnsw_peers(const HnswSettings& settings) {
    std::vector<std::unique_ptr<HnswPeer>> peers;
#ifdef ZS_BENCH_HNSWLIB
    peers.push_back(std::make_unique<Hnswlib>(settings));
#endif
#ifdef ZS_BENCH_FAISS
    peers.push_back(std::make_unique<Faiss>(settings));
#endif
    (void)settings;
    return peers;
}

}  // namespace zs::bench

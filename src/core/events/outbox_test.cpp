#include "core/events/outbox.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace zs::events {
namespace {

ParcelPtr event_of(std::uint64_t seq, std::size_t bytes = 10) {
    auto event = std::make_shared<Event>();
    event->seq = seq;
    auto parcel = std::make_shared<Parcel>();
    parcel->event = std::move(event);
    parcel->bytes = std::string(bytes, 'x');
    return parcel;
}

// What the client gets, in order: seq of events, 0 for control.
std::vector<std::uint64_t> drain(Outbox& outbox) {
    std::vector<std::uint64_t> all;
    for (; !outbox.empty(); outbox.pop())
        all.push_back(outbox.at(0)->event ? outbox.at(0)->event->seq : 0);
    return all;
}

using Seqs = std::vector<std::uint64_t>;

TEST(Outbox, TheOldestEventGoesAndControlStays) {
    const Outbox::Limits limits{3, 1000};
    Outbox outbox(limits);
    outbox.start_from(1);
    outbox.push(event_of(2));
    outbox.push(control_parcel("a"));
    for (std::uint64_t seq = 3; seq <= 6; ++seq)
        outbox.push(event_of(seq));
    EXPECT_EQ(outbox.dropped(), 2U);
    const auto gap = outbox.take_gap();
    ASSERT_TRUE(gap);
    EXPECT_EQ(gap->since_last, 2U);
    EXPECT_EQ(gap->last_seq, 1U);
    EXPECT_FALSE(outbox.take_gap()) << "told once";
    EXPECT_EQ(drain(outbox), (Seqs{0, 4, 5, 6}));
    EXPECT_EQ(outbox.events(), 0U);
    EXPECT_EQ(outbox.bytes(), 0U);
}

TEST(Outbox, BytesCountToo) {
    const Outbox::Limits limits{100, 25};
    Outbox outbox(limits);
    for (std::uint64_t seq = 1; seq <= 4; ++seq)
        outbox.push(event_of(seq));
    EXPECT_EQ(outbox.events(), 2U);
    outbox.push(event_of(5, 500));
    EXPECT_EQ(drain(outbox), Seqs{5}) << "one that is larger than the queue gets in alone";
}

TEST(Outbox, AHalfSentEventIsNotDropped) {
    const Outbox::Limits limits{2, 1000};
    Outbox outbox(limits);
    outbox.push(event_of(1));
    outbox.push(event_of(2));
    outbox.pin_first();
    outbox.push(event_of(3));
    const auto gap = outbox.take_gap();
    ASSERT_TRUE(gap);
    EXPECT_EQ(gap->last_seq, 1U) << "the half sent one is before the gap";
    outbox.push_next(control_parcel("notice"));
    EXPECT_EQ(drain(outbox), (Seqs{1, 0, 3}));
}

TEST(Outbox, ClearKeepsWhatIsHalfSentAndControl) {
    const Outbox::Limits limits{10, 1000};
    Outbox outbox(limits);
    outbox.push(event_of(1));
    outbox.push(event_of(2));
    outbox.push(control_parcel("a"));
    outbox.pin_first();
    outbox.clear();
    EXPECT_EQ(outbox.events(), 1U);
    EXPECT_FALSE(outbox.take_gap());
    EXPECT_EQ(drain(outbox), (Seqs{1, 0}));
}

TEST(Outbox, ReplayedEventsAreNeverDropped) {
    const Outbox::Limits limits{2, 1000};
    Outbox outbox(limits);
    for (std::uint64_t seq = 1; seq <= 5; ++seq)
        outbox.push(event_of(seq), Outbox::Overflow::Never);
    EXPECT_FALSE(outbox.has_room());
    EXPECT_EQ(outbox.dropped(), 0U);
    EXPECT_EQ(drain(outbox), (Seqs{1, 2, 3, 4, 5}));
}

// Whatever happens: events come in order, each is either got or counted as dropped, and a gap's
// last_seq is that of the last one got before it.
TEST(Outbox, NothingIsLostUnnoticed) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const Outbox::Limits limits{8, 200};
    Outbox outbox(limits);
    outbox.start_from(0);
    std::uint64_t seq = 0;
    std::uint64_t got = 0;
    std::uint64_t last = 0;
    std::uint64_t told = 0;
    for (int i = 0; i < 50'000; ++i) {
        const auto what = random() % 10;
        if (what < 5) outbox.push(event_of(++seq, random() % 60));
        if (what == 5) outbox.push(control_parcel("c"));
        if (what == 6 && !outbox.empty()) outbox.pin_first();
        if (what < 7 || outbox.empty()) continue;
        if (const auto gap = outbox.take_gap()) {
            told += gap->since_last;
            EXPECT_EQ(gap->count, told);
            const auto first = outbox.at(0)->event;
            EXPECT_TRUE(gap->last_seq == last || (first && gap->last_seq == first->seq));
        }
        if (const auto event = outbox.at(0)->event) {
            EXPECT_GT(event->seq, last);
            last = event->seq;
            ++got;
        }
        outbox.pop();
    }
    for (; !outbox.empty(); outbox.pop())
        got += outbox.at(0)->event ? 1 : 0;
    EXPECT_EQ(got + outbox.dropped(), seq);
}

}  // namespace
}  // namespace zs::events

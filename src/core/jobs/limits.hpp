#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <cstdint>

// Every number of this module that is a rule and not a choice of the operator (those are in
// queue_config.hpp). Source: jobs.md sections 2, 4 to 6 and 9.
namespace zs::jobs::limits {

inline constexpr std::size_t kCommandItemsMax = 256;
inline constexpr std::size_t kCommandBytesMax = std::size_t{128} << 10;
inline constexpr std::size_t kInputBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kOutputBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kEnvEntriesMax = 256;
inline constexpr std::size_t kEnvBytesMax = std::size_t{64} << 10;
inline constexpr std::size_t kEnvNameBytesMax = 128;
inline constexpr std::uint32_t kRetriesMax = 100;
inline constexpr std::size_t kMetadataBytesMax = std::size_t{16} << 10;
inline constexpr std::size_t kNameBytesMax = 128;
inline constexpr std::size_t kTagsMax = 32;
inline constexpr std::size_t kTagBytesMax = 128;
inline constexpr int kPriorityMax = 100;  // and the least is its negative
inline constexpr Seconds kRunAheadMax{366 * 86'400};
inline constexpr std::size_t kKeyBytesMax = 256;  // of concurrency, rate and unique keys
inline constexpr std::uint32_t kConcurrencyMax = 100'000;
inline constexpr std::uint32_t kPerMinuteMax = 100'000;
inline constexpr std::size_t kDependenciesMax = 100;
inline constexpr std::size_t kFilesMax = 1000;
inline constexpr std::size_t kPathBytesMax = 1024;
inline constexpr std::size_t kLabelsMax = 32;
inline constexpr std::size_t kLabelBytesMax = 128;
inline constexpr Millis kBackoffMax{7 * 86'400'000};
inline constexpr double kBackoffMultiplierMax = 10;
inline constexpr std::size_t kNoRetryCodesMax = 64;

inline constexpr std::size_t kBulkMax = 10'000;
inline constexpr std::size_t kClaimMax = 1000;
inline constexpr std::size_t kLeasesPerHeartbeatMax = 1000;
inline constexpr std::size_t kLogLinesPerCallMax = 5000;
inline constexpr std::size_t kLogLineBytesMax = std::size_t{64} << 10;  // longer: in parts
inline constexpr std::size_t kArtifactPartsMax = 8;                     // of a name
inline constexpr std::size_t kArtifactPartBytesMax = 255;
inline constexpr Millis kWaitMax{30'000};
// Jobs and attempts that share one call of the store.
inline constexpr std::size_t kBatchMax = 1024;
inline constexpr std::size_t kHeldByMax = 100;      // jobs that "why" names
inline constexpr std::size_t kWaitersMax = 10'000;  // for work, and for changes
inline constexpr std::size_t kProfilesMax = 1024;   // sets of labels that workers announce

// Expired leases are found within a second, twice over.
inline constexpr Millis kTick{250};
// What a lease may last beyond the timeout of its job and the grace of a kill.
inline constexpr Millis kLeaseMargin{30'000};
inline constexpr Millis kHeartbeatMax{30'000};
inline constexpr Millis kProgressInterval{100};
inline constexpr Millis kRateWindow{60'000};
inline constexpr Millis kPurgeInterval{60'000};
inline constexpr std::size_t kPurgeStep = 500;
// A worker that has not been heard of for this long is no longer listed.
inline constexpr Millis kWorkerForgotten{300'000};

// Several processes on one store: how often each looks for leases that ended, and for pauses,
// workers and numbers of waiting jobs that others changed; workers announce themselves as often.
inline constexpr Millis kSharedSweep{500};
inline constexpr Millis kSharedLook{1'000};
// A worker inside such a process that is not heard of for this long is shown as unhealthy.
inline constexpr Millis kWorkerSilent{10'000};

inline constexpr std::size_t kEventOutputBytesMax = std::size_t{64} << 10;

inline constexpr std::size_t kTemplateNameBytesMax = 128;
inline constexpr std::size_t kTemplateBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kDescriptionBytesMax = 4096;
inline constexpr std::size_t kScheduleNameBytesMax = 128;
inline constexpr Seconds kCatchUpWindowMax{7 * 86'400};
inline constexpr std::size_t kCatchUpRunsMax = 1000;  // of one schedule, at once
inline constexpr Seconds kJitterMax{3600};
inline constexpr std::int64_t kBackfillParallelMax = 100;
inline constexpr std::uint64_t kBackfillTimesMax = 100'000;  // due times of one back-fill
inline constexpr std::size_t kBackfillsMax = 16;             // unfinished ones of a schedule

}  // namespace zs::jobs::limits

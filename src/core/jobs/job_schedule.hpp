#pragma once

#include "core/jobs/job.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace zs::jobs {

// What happens at a due time when the job of the last one is not final.
enum class Overlap : std::uint8_t { Skip, Queue, Replace, Allow };
std::string_view to_text(Overlap overlap) noexcept;              // skip, queue, replace, allow
std::optional<Overlap> overlap(std::string_view text) noexcept;  // also cancel_previous

// Which due times count that passed while nobody looked.
enum class CatchUp : std::uint8_t { None, Latest, All };
std::string_view to_text(CatchUp catch_up) noexcept;  // none, latest, all
std::optional<CatchUp> catch_up(std::string_view text) noexcept;

// A specification that is submitted at the times of a cron expression.
// Source: jobs.md section 9, workflows.md section 5.6.
struct JobSchedule {
    ScheduleId id;
    identity::Tenant tenant;
    std::string name;
    boost::json::object spec;  // as submitted; may name a template
    std::string cron_expression;
    std::string timezone = "UTC";
    bool is_active = true;
    Overlap overlap = Overlap::Skip;
    CatchUp catch_up = CatchUp::None;
    Seconds catch_up_window{3600};
    Seconds jitter{0};
    std::optional<Timestamp> start_at;
    std::optional<Timestamp> end_at;
    std::optional<identity::UserId> created_by;
    Timestamp created_at;
    Timestamp updated_at;
    // The last nominal time that was decided upon. It never goes back, whatever the clock does.
    Timestamp high_water;
    std::optional<Timestamp> last_run_at;
    std::optional<JobId> last_job_id;
    std::string last_error;
};

}  // namespace zs::jobs

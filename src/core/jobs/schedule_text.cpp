#include "core/jobs/schedule_text.hpp"

#include "core/jobs/field_reader.hpp"
#include "core/jobs/limits.hpp"

namespace zs::jobs {

Result<JobSchedule> parse_job_schedule(const boost::json::object& json) {
    FieldReader in(json);
    JobSchedule schedule;
    schedule.name = in.text("name", limits::kScheduleNameBytesMax).value_or("");
    if (in.at("name") == nullptr) in.reject("name", "is missing");
    if (schedule.name.empty()) in.refuse("name", "must not be empty");
    if (const auto* spec = in.object("spec")) {
        schedule.spec = *spec;
    } else {
        in.reject("spec", "is missing");
    }
    const auto cron = in.text("cron_expression", 256);
    if (!cron) in.reject("cron_expression", "is missing");
    schedule.cron_expression = cron.value_or("");
    schedule.timezone = in.text("timezone", 64).value_or("UTC");
    schedule.is_active = in.get<bool>("is_active").value_or(true);
    schedule.overlap =
        in.word<Overlap>("overlap", overlap, "skip, queue, replace, allow").value_or(Overlap::Skip);
    const char* catch_up_field = in.at("catchup") != nullptr ? "catchup" : "catch_up";
    schedule.catch_up =
        in.word<CatchUp>(catch_up_field, catch_up, "none, latest, all").value_or(CatchUp::None);
    const char* window =
        in.at("catchup_window_secs") != nullptr ? "catchup_window_secs" : "catch_up_window_secs";
    schedule.catch_up_window =
        Seconds(in.integer(window, 0, limits::kCatchUpWindowMax.count()).value_or(3600));
    schedule.jitter = Seconds(in.integer("jitter_secs", 0, limits::kJitterMax.count()).value_or(0));
    schedule.start_at = in.get<Timestamp>("start_at");
    schedule.end_at = in.get<Timestamp>("end_at");
    if (schedule.start_at && schedule.end_at && *schedule.end_at <= *schedule.start_at) {
        in.refuse("end_at", "must be later than 'start_at'");
    }
    if (!in.ok()) return in.take_error();
    return schedule;
}

}  // namespace zs::jobs

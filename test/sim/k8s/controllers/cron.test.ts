import { describe, expect, test } from "vitest";
import { minutes, s } from "../../../../sim/core/index.js";
import type { JsonObject } from "../../../../sim/k8s/index.js";
import { nextTime, parseSchedule, zoneOffset } from "../../../../sim/k8s/controllers/jobs/schedule.js";
import { cluster, type Cluster } from "./cluster.js";

const crons = "/apis/batch/v1/namespaces/default/cronjobs";
const jobs = "/apis/batch/v1/namespaces/default/jobs";

const cron = (spec: JsonObject): JsonObject => ({
  metadata: { name: "tick" },
  spec: {
    schedule: "* * * * *",
    jobTemplate: {
      spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "job" }] } } },
    },
    ...spec,
  },
});
const times = (made: Cluster): string[] =>
  made
    .list(jobs)
    .map(
      ({ metadata }) => metadata.annotations?.["batch.kubernetes.io/cronjob-scheduled-timestamp"]?.slice(11, 16) ?? "",
    )
    .toSorted();
const running = (code: number, after: number): Cluster => cluster({ ends: () => ({ after: s(after), code }) });

describe("a schedule", () => {
  const next = (schedule: string, after: string, zone = ""): string => {
    const parsed = parseSchedule(schedule);
    if (typeof parsed === "string") return parsed;
    const at = nextTime(parsed, Date.parse(after) / 1000, zoneOffset(zone));
    return at === undefined ? "never" : new Date(at * 1000).toISOString().slice(0, 16);
  };

  test("finds its next time over hours, months, years and 29 February", () => {
    expect(next("*/15 * * * *", "2012-07-09T14:45:00Z")).toBe("2012-07-09T15:00");
    expect(next("*/15 * * * *", "2012-07-09T14:59:59Z")).toBe("2012-07-09T15:00");
    expect(next("20-35/15 * * * *", "2012-07-09T15:45:00Z")).toBe("2012-07-09T16:20");
    expect(next("*/15 * * * *", "2012-12-31T23:59:45Z")).toBe("2013-01-01T00:00");
    expect(next("0 0 9 apr,oct *", "2012-07-09T23:35:00Z")).toBe("2012-10-09T00:00");
    expect(next("0 0 * feb mon", "2012-07-09T23:35:00Z")).toBe("2013-02-04T00:00");
    expect(next("0 0 29 Feb ?", "2012-07-09T23:35:00Z")).toBe("2016-02-29T00:00");
    expect(next("0 0 30 feb ?", "2012-07-09T23:35:00Z")).toBe("never");
    // Both days restricted: either of them.
    expect(next("0 0 13 * fri", "2024-09-08T00:00:00Z")).toBe("2024-09-13T00:00");
    expect(next("0 0 1 * fri", "2024-09-14T00:00:00Z")).toBe("2024-09-20T00:00");
    expect(next("@weekly", "2024-09-12T00:00:00Z")).toBe("2024-09-15T00:00");
  });

  test("is in its zone, and says what is wrong with it", () => {
    expect(next("0 9 * * *", "2025-01-01T00:00:00Z", "Etc/GMT-2")).toBe("2025-01-01T07:00");
    expect(next("0 9 * * *", "2025-01-01T15:00:00Z", "Etc/GMT+5")).toBe("2025-01-02T14:00");
    expect([zoneOffset("Europe/Zurich"), zoneOffset("Etc/GMT+15")]).toEqual([undefined, undefined]);
    expect(next("60 * * * *", "2025-01-01T00:00:00Z")).toBe("end of range (60) above maximum (59): 60");
    expect(next("* * *", "2025-01-01T00:00:00Z")).toBe("expected exactly 5 fields, found 3: [* * *]");
    expect(next("*/0 * * * *", "2025-01-01T00:00:00Z")).toBe("step of range should be a positive number: */0");
  });
});

describe("a CronJob", () => {
  test("starts a Job at each of its times and keeps the last few of each kind", () => {
    const made = running(0, 5);
    made.create(crons, cron({}));
    made.later(s(359));
    // 00:01 to 00:05: three that succeeded are kept.
    expect(times(made)).toEqual(["00:03", "00:04", "00:05"]);
    expect(made.get(`${crons}/tick`)["status"]).toMatchObject({ lastScheduleTime: "2025-01-01T00:05:00Z" });
    expect(made.get(`${crons}/tick`)["status"]).toHaveProperty("lastSuccessfulTime");
    made.patch(`${crons}/tick`, { spec: { suspend: true } });
    made.later(minutes(5));
    expect(times(made)).toHaveLength(3);
    made.remove(`${crons}/tick`);
    made.settle();
    expect(made.list(jobs)).toEqual([]);
  });

  test("with a Job that takes longer lets both run, skips, or replaces, as its policy says", () => {
    const active = (concurrencyPolicy: string): string[] => {
      const made = running(0, 200);
      made.create(crons, cron({ concurrencyPolicy }));
      made.later(s(190));
      return times(made);
    };
    expect(active("Allow")).toEqual(["00:01", "00:02", "00:03"]);
    expect(active("Forbid")).toEqual(["00:01"]);
    expect(active("Replace")).toEqual(["00:03"]);
  });

  test("makes up for the last time that was missed, if it isn't too late", () => {
    const after = (startingDeadlineSeconds: number | undefined): string[] => {
      const made = running(0, 5);
      made.create(
        crons,
        cron({
          schedule: "*/10 * * * *",
          ...(startingDeadlineSeconds === undefined ? {} : { startingDeadlineSeconds }),
        }),
      );
      made.later(s(30));
      made.manager.stop("cronjob-controller");
      made.later(minutes(24));
      made.manager.start("cronjob-controller");
      made.later(s(30));
      return times(made);
    };
    expect([after(undefined), after(600), after(60)]).toEqual([["00:20"], ["00:20"], []]);
  });
});

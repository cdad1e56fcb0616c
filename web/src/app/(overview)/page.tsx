"use client";

import { useMemo } from "react";
import { sessionsAddress } from "@/address/pages";
import { useFilters } from "@/address/use-filters";
import { useRange } from "@/address/use-range";
import { FilterBar } from "@/analysis/filter-bar";
import { Found } from "@/analysis/found";
import { texts as shared } from "@/analysis/messages";
import { filled } from "@/analysis/span";
import { useSpan } from "@/analysis/use-span";
import { isOfBefore, useApi } from "@/api/use-api";
import { Card } from "@/components/card";
import { Figure } from "@/components/figure";
import { PageHead } from "@/components/page-head";
import { RangePicker } from "@/components/range-picker";
import { Commands, Empty, Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { useFormat } from "@/preferences/reader";
import { ActivityCard, type Period } from "./activity-card";
import { GroupsCard } from "./groups-card";
import { HoursCard } from "./hours-card";
import { texts } from "./messages";
import { ModelsCard } from "./models-card";
import { StorageCard } from "./storage-card";
import { ToolsCard } from "./tools-card";

const NOTHING = { sessions: 0, messages: 0, errors: 0, total_tokens: 0, cost_usd: 0 };

export default function Overview() {
  const text = useMessages(texts);
  const common = useMessages(shared);
  const range = useRange("30d");
  const filters = useFilters();
  const { span, now } = useSpan(range);
  const parameters = { params: { query: { ...filters.query, ...span } } };
  const activity = useApi("/v1/activity", parameters, { keepPreviousData: true });
  const tools = useApi("/v1/tools", parameters, { keepPreviousData: true });
  const data = activity.data;
  const busy = isOfBefore(activity) || isOfBefore(tools);
  const periods = useMemo(
    () =>
      filled<Period>(data?.periods ?? [], span, now, (since, until) => ({ day: since.slice(0, 10), since, until, ...NOTHING })),
    [data, span, now],
  );
  /** Those behind a figure of the whole span. */
  const here = { ...filters.query, since: span.since ?? null, until: span.until ?? null };

  return (
    <>
      <PageHead title={text.title} actions={<RangePicker range={range} />}>
        {text.what}
      </PageHead>
      <FilterBar filters={filters} range={span} />
      <Found sessions={data?.totals.sessions} busy={busy} />
      {activity.error ? (
        <Card>
          <Failed error={activity.error} retry={() => void activity.mutate()} />
        </Card>
      ) : data && data.totals.sessions === 0 ? (
        <Card busy={busy}>
          <Empty title={common.empty}>
            <Commands text={common.emptyHint} />
          </Empty>
        </Card>
      ) : (
        <div aria-busy={busy} className="grid grid-cols-1 gap-4 lg:grid-cols-6">
          <Totals
            totals={data?.totals}
            href={sessionsAddress(here)}
            failedHref={sessionsAddress({ ...here, failed: "any" })}
          />
          <ActivityCard className="lg:col-span-6" periods={periods} span={span} filters={filters.query} />
          <HoursCard className="lg:col-span-3" hours={data?.hours} />
          <ModelsCard className="lg:col-span-3" models={data?.models} filters={here} />
          <ToolsCard className="lg:col-span-6" tools={tools} filters={here} />
          <GroupsCard className="lg:col-span-2" name="channel" groups={data?.channels} filters={here} />
          <GroupsCard className="lg:col-span-2" name="agent" groups={data?.agents} filters={here} />
          <StorageCard className="lg:col-span-2" />
        </div>
      )}
    </>
  );
}

interface TotalsProps {
  totals?: typeof NOTHING & { calls: number };
  href: string;
  failedHref: string;
}

function Totals({ totals, href, failedHref }: TotalsProps) {
  const text = useMessages(texts);
  const format = useFormat();
  if (!totals) return <Loading className="h-[18.75rem] sm:h-[12.25rem] lg:col-span-6 xl:h-[5.75rem]" />;
  const perSession = (value: number) => text.perSession(format.compact(value / Math.max(1, totals.sessions)));
  return (
    <div className="grid grid-cols-2 gap-3 sm:grid-cols-3 lg:col-span-6 xl:grid-cols-6">
      <Figure label={text.sessions} value={format.number(totals.sessions)} href={href} />
      <Figure label={text.messages} value={format.number(totals.messages)} note={perSession(totals.messages)} />
      <Figure label={text.calls} value={format.number(totals.calls)} note={perSession(totals.calls)} />
      <Figure label={text.tokens} value={format.compact(totals.total_tokens)} note={perSession(totals.total_tokens)} />
      <Figure
        label={text.cost}
        value={format.cost(totals.cost_usd)}
        note={text.perSession(format.cents(totals.cost_usd / Math.max(1, totals.sessions)))}
        href={href}
      />
      <Figure
        label={text.errors}
        value={format.number(totals.errors)}
        note={text.ofMessages(format.percent(totals.errors / Math.max(1, totals.messages)))}
        href={failedHref}
      />
    </div>
  );
}

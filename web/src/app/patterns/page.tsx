"use client";

import { useFilters } from "@/address/use-filters";
import { useRange } from "@/address/use-range";
import { FilterBar } from "@/analysis/filter-bar";
import { Found } from "@/analysis/found";
import { useSpan } from "@/analysis/use-span";
import { isOfBefore, useApi } from "@/api/use-api";
import { PageHead } from "@/components/page-head";
import { RangePicker } from "@/components/range-picker";
import { useMessages } from "@/preferences/messages";
import { texts } from "./messages";
import { ModelsOverTime } from "./models-over-time";
import { ShapesCards } from "./shapes-cards";
import { TopicsCard } from "./topics-card";
import { TransitionsCard } from "./transitions-card";

export default function Patterns() {
  const text = useMessages(texts);
  const range = useRange("90d");
  const filters = useFilters();
  const { span, now } = useSpan(range);
  const given = { filters: filters.query, span };
  const shapes = useApi("/v1/patterns/sessions", { params: { query: { ...filters.query, ...span } } }, { keepPreviousData: true });
  return (
    <>
      <PageHead title={text.title} actions={<RangePicker range={range} />}>
        {text.what}
      </PageHead>
      <FilterBar filters={filters} range={span} />
      <Found sessions={shapes.data?.messages.reduce((sum, bar) => sum + bar.count, 0)} busy={isOfBefore(shapes)} />
      <div className="grid grid-cols-1 gap-4 lg:grid-cols-6">
        <TransitionsCard className="lg:col-span-6" {...given} />
        <ModelsOverTime className="lg:col-span-6" now={now} {...given} />
        <ShapesCards answer={shapes} />
        <TopicsCard className="lg:col-span-6" {...given} />
      </div>
    </>
  );
}

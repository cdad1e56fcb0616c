"use client";

import { useFilters } from "@/address/use-filters";
import { useRange } from "@/address/use-range";
import { FilterBar } from "@/analysis/filter-bar";
import { useSpan } from "@/analysis/use-span";
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
  return (
    <>
      <PageHead title={text.title} actions={<RangePicker range={range} />}>
        {text.what}
      </PageHead>
      <FilterBar filters={filters} span={span} />
      <div className="grid grid-cols-1 gap-4 lg:grid-cols-6">
        <TransitionsCard className="lg:col-span-6" {...given} />
        <ModelsOverTime className="lg:col-span-6" now={now} {...given} />
        <ShapesCards {...given} />
        <TopicsCard className="lg:col-span-6" {...given} />
      </div>
    </>
  );
}

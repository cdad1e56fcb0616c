"use client";

import Link from "next/link";
import { useCallback, useEffect, useMemo, useState } from "react";
import { useAddress } from "@/address/use-address";
import { useApi } from "@/api/use-api";
import { buttonLook } from "@/components/button";
import { PageHead } from "@/components/page-head";
import { Failed, Loading } from "@/components/states";
import { useMessages } from "@/preferences/messages";
import { Conversation } from "./conversation";
import { foldsOf, useFolds } from "./folds";
import { landmarksOf } from "./landmarks";
import { texts } from "./messages";
import { Notices } from "./notices";
import type { TreeEntry } from "./outline";
import { branchOf, entryOf, rowsOf } from "./rows";
import { SessionHead } from "./session-head";
import { SidePanel } from "./side-panel";
import { useLive, useReading } from "./use-session";
import { VerbatimDialog } from "./verbatim";

export default function SessionPage() {
  const text = useMessages(texts);
  const { parameters } = useAddress();
  const id = parameters.get("id");
  if (id === null) {
    return (
      <>
        <PageHead title={text.none}>{text.noneHint}</PageHead>
        <Link href="/sessions" className={buttonLook()}>
          {text.back}
        </Link>
      </>
    );
  }
  return <Session key={id} sessionId={id} />;
}

/** There is no such session: a misspelt address, or one that has not begun. */
function Unknown() {
  const text = useMessages(texts);
  return (
    <>
      <PageHead title={text.unknown}>{text.unknownHint}</PageHead>
      <Link href="/sessions" className={buttonLook()}>
        {text.back}
      </Link>
    </>
  );
}

function Session({ sessionId }: { sessionId: string }) {
  const { parameters } = useAddress();
  const generation = Number(parameters.get("generation")) || null;
  const wanted = parameters.get("entry");
  const showsAll = parameters.has("all");
  const session = useApi(
    "/v1/sessions/{session_id}",
    { params: { path: { session_id: sessionId } } },
    // That there is none is told; that it begins is heard of by its events.
    { shouldRetryOnError: (error) => error.status !== 404 },
  );
  const { outline, contents, state } = useReading(sessionId, generation);
  const isListening = useLive(sessionId, { outline, contents }, session.data?.closed_at != null);
  const openBranches = useFolds((folds) => folds.open);
  const unfold = useFolds((folds) => folds.unfold);
  const rows = useMemo(
    () => rowsOf(state.entries, { openBranches, all: showsAll }),
    [state.entries, openBranches, showsAll],
  );
  const landmarks = useMemo(() => landmarksOf(state.entries), [state.entries]);
  const [target, setTarget] = useState<{ key: string } | null>(null);
  const [line, setLine] = useState(1);
  const onView = useCallback((entry: TreeEntry) => setLine(entry.line_number), []);

  /** Goes to an entry, and unfolds that in which the text stands that an id names. */
  const goTo = useCallback(
    (entry: TreeEntry, id: string | null = null) => {
      const branch = branchOf(state.entries, entry);
      unfold([...(branch === null ? [] : [branch]), ...(id === null ? [] : foldsOf(entry, id))]);
      setTarget({ key: entry.event_id });
    },
    [state.entries, unfold],
  );
  const named = useMemo(() => (wanted === null ? undefined : entryOf(state.entries, wanted)), [state.entries, wanted]);
  const namedId = named?.event_id;
  useEffect(() => {
    // eslint-disable-next-line react-hooks/set-state-in-effect -- the page goes to what the address names, once it is read
    if (named) goTo(named, wanted);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- not again whenever the tree is read again
  }, [namedId, wanted]);
  const isLost = wanted !== null && state.isComplete && named === undefined;

  if (session.error?.status === 404 && !session.data) return <Unknown />;
  if (session.error && !session.data) return <Failed error={session.error} retry={() => void session.mutate()} />;
  if (state.error && state.entries.length === 0) {
    return <Failed error={state.error} retry={() => void outline.refresh("whole")} />;
  }
  if (!session.data) return <Loading />;

  return (
    <>
      <SessionHead session={session.data} generation={generation} isListening={isListening} />
      <div className="grid gap-x-10 gap-y-4 xl:grid-cols-[minmax(0,1fr)_19rem]">
        <SidePanel
          session={session.data}
          generations={state.generations}
          generation={generation}
          landmarks={landmarks}
          line={line}
          onChoose={goTo}
        />
        <div className="min-w-0">
          <Notices
            generations={state.generations}
            generation={generation}
            missingLines={state.missingLines}
            sessionId={sessionId}
            lostEntry={isLost ? wanted : null}
          />
          {state.entries.length === 0 && !state.isComplete ? (
            <Loading />
          ) : (
            <Conversation
              sessionId={sessionId}
              rows={rows}
              contents={contents}
              onView={onView}
              target={target}
              entries={state.entries.length}
              isComplete={state.isComplete}
            />
          )}
        </div>
      </div>
      <VerbatimDialog />
    </>
  );
}

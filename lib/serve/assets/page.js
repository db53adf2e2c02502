// Brings the parts marked data-live up to date. Without it the page is the same, until it is reloaded.
"use strict";

(() => {
	const period = Number(document.body.dataset.refreshMs) || 5000;
	const button = document.createElement("button");
	const state = document.createElement("span");
	let paused = false, timer = 0, failed = false;

	// What a person holds on to must not be taken away: the focus, open details, a selection.
	function replace(old, fresh) {
		if (old.innerHTML === fresh.innerHTML)
			return;
		const selection = document.getSelection();
		if (selection && !selection.isCollapsed && old.contains(selection.anchorNode))
			return;
		const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
		const open = [...old.querySelectorAll("details[open]")].map((d) => d.id);
		const left = [...old.querySelectorAll(".wide")].map((e) => e.scrollLeft);
		old.replaceChildren(...fresh.childNodes);
		for (const id of open)
			document.getElementById(id)?.setAttribute("open", "");
		old.querySelectorAll(".wide").forEach((e, i) => { e.scrollLeft = left[i] || 0; });
		if (focused)
			document.getElementById(focused)?.focus({ preventScroll: true });
	}

	// Said once, not with every attempt.
	function tell(failing) {
		if (failing === failed)
			return;
		failed = failing;
		state.textContent = failing ? "no answer: these numbers are old" : "";
	}

	async function update() {
		try {
			const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" } });
			if (!answer.ok && answer.status !== 404)
				throw new Error(String(answer.status));
			const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
			for (const old of document.querySelectorAll("[data-live]")) {
				const part = fresh.getElementById(old.id);
				if (part)
					replace(old, part);
			}
			// Another kind of page came: leadership moved, a policy is gone.
			if (document.querySelectorAll("[data-live]").length !== fresh.querySelectorAll("[data-live]").length)
				location.reload();
			tell(false);
		} catch {
			tell(true);
		}
		plan();
	}

	function plan() {
		clearTimeout(timer);
		if (!paused && !document.hidden)
			timer = setTimeout(update, period);
	}

	button.type = "button";
	button.textContent = "Pause updates";
	button.addEventListener("click", () => {
		paused = !paused;
		button.textContent = paused ? "Resume updates" : "Pause updates";
		if (paused)
			clearTimeout(timer);
		else
			update();
	});
	state.className = "stale";
	state.setAttribute("role", "status");
	document.querySelector("header").append(state, button);
	document.addEventListener("visibilitychange", plan);
	plan();
})();

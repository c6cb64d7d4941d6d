import { byId, operator, post } from "./common.js";

byId("name").value = operator.own();
if (operator.own()) byId("password").focus();
byId("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = byId("login").querySelector("button");
  button.disabled = true;
  const { status, body } = await post("/api/login", {
    name: byId("name").value.trim(),
    password: byId("password").value,
  });
  button.disabled = false;
  if (status === 200) {
    operator.set(byId("name").value);
    location.assign("/");
    return;
  }
  byId("problem").textContent = body.message ?? "The desk can't be reached: try again in a moment.";
  byId("problem").hidden = false;
  byId("password").select();
});

import { byId, post } from "./common.js";

byId("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = byId("login").querySelector("button");
  button.disabled = true;
  const { status, body } = await post("/api/login", { password: byId("password").value });
  button.disabled = false;
  if (status === 200) {
    location.assign("/");
    return;
  }
  byId("problem").textContent = body.message ?? "The desk can't be reached: try again in a moment.";
  byId("problem").hidden = false;
  byId("password").select();
});

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Names of the steps of a window, as they are remembered and shown.</summary>
internal static class WindowActions
{
    public const string Backup = "Backup";
    public const string AnnouncePlan = "Announce plan";
    public const string AnnounceBegin = "Announce begin";
    public const string Silence = "Silence alerts";
    public const string ModeOn = "Maintenance mode on";
    public const string Note = "Note state";
    public const string Drain = "Drain";
    public const string Stop = "Stop";

    public const string Extend = "Extend silences";
    public const string AnnounceMore = "Announce extension";

    public const string Start = "Start";
    public const string CheckHealth = "Check health";
    public const string SmokeTests = "Smoke tests";
    public const string ModeOff = "Maintenance mode off";
    public const string CheckSites = "Check sites";
    public const string EndSilences = "End silences";
    public const string AnnounceEnd = "Announce end";
}

namespace OpsRunbook.Engine.WebServer;

/// <summary>A line of nginx about its configuration.</summary>
/// <param name="Text">What it says, without the place.</param>
/// <param name="File">File that it is about; null when it does not say.</param>
/// <param name="Line">Line in that file; null when it does not say.</param>
internal sealed record NginxMessage(string Text, string? File, int? Line)
{
    /// <summary>Text and place.</summary>
    /// <returns>One line.</returns>
    public override string ToString() => File is null ? Text : $"{Text} ({File}{(Line is null ? string.Empty : $":{Line}")})";
}

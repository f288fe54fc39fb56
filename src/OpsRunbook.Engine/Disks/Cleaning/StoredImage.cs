namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>An image of a container engine.</summary>
/// <param name="Id">Full id.</param>
/// <param name="Tags">Its names with their tags.</param>
/// <param name="Digests">Its names at the registries that it came from or was pushed to.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Created">When it was made, UTC.</param>
/// <param name="OwnBytes">What only it has, bytes.</param>
internal sealed record StoredImage(
    string Id, IReadOnlyList<string> Tags, IReadOnlyList<string> Digests, IReadOnlyDictionary<string, string> Labels, DateTime Created, long OwnBytes)
{
    /// <summary>Its names without tag and digest.</summary>
    public IEnumerable<string> Repositories => Tags.Concat(Digests).Select(RepositoryOf).Distinct(StringComparer.Ordinal);

    /// <summary>What has to be taken away for the image to go; empty when it has no name.</summary>
    public IReadOnlyList<string> References => Tags.Count > 0 ? Tags : Digests;

    /// <summary>A registry has, or had, the same image.</summary>
    public bool CanBePulled => Digests.Count > 0;

    /// <summary>A name means this image.</summary>
    /// <param name="name">Name, with or without tag.</param>
    /// <returns>True when it does.</returns>
    public bool IsNamed(string name) => Tags.Contains(name, StringComparer.Ordinal) || Tags.Contains(name + ":latest", StringComparer.Ordinal) || Digests.Contains(name, StringComparer.Ordinal);

    /// <summary>A name without its tag and digest.</summary>
    /// <param name="name">Name.</param>
    /// <returns>The repository; the name itself for an id.</returns>
    public static string RepositoryOf(string name)
    {
        var text = name.Split('@')[0];

        // A colon before the last slash belongs to the registry's port.
        var colon = text.LastIndexOf(':');
        return colon > text.LastIndexOf('/') ? text[..colon] : text;
    }
}

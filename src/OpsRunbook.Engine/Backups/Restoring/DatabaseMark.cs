using System.Text.Json;

namespace OpsRunbook.Engine.Backups;

/// <summary>What the comment of a PostgreSQL database says that a restore made, kept or replaced: the next run finds it there.</summary>
/// <param name="Role"><c>kept</c> for a database that was replaced, <c>starting</c> for the new one until the services run again.</param>
/// <param name="Of">Name of the database that applications use.</param>
internal sealed record DatabaseMark(string Role, string Of)
{
    /// <summary>Comment of a copy that is being restored and is nothing yet.</summary>
    public const string Restoring = "OpsRunbook: being restored, not in use";

    /// <summary>Role of a database that was replaced and is kept.</summary>
    public const string Kept = "kept";

    /// <summary>Role of the new database until its services run.</summary>
    public const string Starting = "starting";

    private const string Prefix = "OpsRunbook: ";

    /// <summary>Services that were stopped and are to be started again.</summary>
    public IReadOnlyList<string> Stopped { get; init; } = [];

    /// <summary>The comment that the database had of its own; null for none.</summary>
    public string? Comment { get; init; }

    /// <summary>Reads a comment.</summary>
    /// <param name="comment">The comment; null for none.</param>
    /// <returns>Null for one that is not ours.</returns>
    public static DatabaseMark? Read(string? comment)
    {
        if (comment?.StartsWith(Prefix + "{", StringComparison.Ordinal) != true)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<DatabaseMark>(comment[Prefix.Length..]);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The mark as a comment.</summary>
    /// <returns>Text.</returns>
    public string Write() => Prefix + JsonSerializer.Serialize(this);
}

namespace OpsRunbook.Engine.State;

/// <summary>Failures of a store, with the same identifiers for files and a database.</summary>
internal static class StateErrors
{
    public static OpsException Corrupt(string place, string cause, Exception? inner = null) => new(
        "State.Corrupt",
        OpsErrorKind.InvalidData,
        $"{place} is not a document of OpsRunbook: {cause} Whether something is open is therefore not known.",
        "Look at it, and put back a copy of it or move it away when nothing is open.",
        place,
        inner);

    public static OpsException TooNew(string place, long format, long known) => new(
        "State.TooNew",
        OpsErrorKind.InvalidData,
        $"{place} has format {format}, and this OpsRunbook reads up to {known}.",
        "A newer OpsRunbook wrote it: use that one here too.",
        place);

    public static OpsException NotReadable(string place, string cause, Exception? inner = null) => new(
        "State.NotReadable", KindOf(inner), $"{place} cannot be read: {cause}", (inner as OpsException)?.NextStep ?? "Read it as the user who works with it, or mend its permissions.", place, inner);

    public static OpsException NotWritten(string place, string cause, Exception? inner = null) => new(
        "State.NotWritten",
        KindOf(inner),
        $"{place} cannot be written: {cause}",
        (inner as OpsException)?.NextStep ?? "Mend the permissions or free space; what was there before still is.",
        place,
        inner);

    public static OpsException Changed(string kind, string id, long expected, long present) => new(
        "State.Changed",
        OpsErrorKind.Refused,
        present == 0 ? $"The {kind} '{id}' is gone: somebody else removed it." : expected == 0 ? $"There is a {kind} '{id}' already." : $"The {kind} '{id}' was changed by somebody else meanwhile.",
        "Look at it and call again.",
        id);

    public static OpsException Locked(string name, LockHolder? holder) => new(
        "State.Locked",
        OpsErrorKind.Refused,
        $"'{name}' is locked by {holder?.ToString() ?? "somebody who has not said who it is"}.",
        "Wait for its end. The lock ends by itself with its process.",
        name);

    private static OpsErrorKind KindOf(Exception? inner) => (inner as OpsException)?.Kind ?? OpsErrorKind.OperationFailed;

    /// <summary>Refuses an id or kind that could not be a name of a file.</summary>
    /// <param name="id">The id.</param>
    public static void CheckId(string id)
    {
        if (id is not { Length: > 0 and <= 100 } || id[0] == '.' || !id.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.'))
        {
            throw new OpsException(
                "State.IdInvalid", OpsErrorKind.InvalidArgument, $"'{id}' is no id of a document.", "Ids are letters, digits, '-', '_' and '.', at most 100, and do not begin with '.'.", id);
        }
    }
}

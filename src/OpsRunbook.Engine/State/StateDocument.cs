namespace OpsRunbook.Engine.State;

/// <summary>A document of a store.</summary>
/// <param name="Kind">Kind: <c>window</c>, <c>incident</c>.</param>
/// <param name="Id">Id.</param>
/// <param name="Version">Counts up with every write, from 1.</param>
/// <param name="Created">When its first version was written, UTC.</param>
/// <param name="Written">When this version was written, UTC.</param>
/// <param name="Open">It is about something that has not ended.</param>
/// <param name="Json">Content, one JSON object.</param>
public sealed record StateDocument(string Kind, string Id, long Version, DateTime Created, DateTime Written, bool Open, ReadOnlyMemory<byte> Json);

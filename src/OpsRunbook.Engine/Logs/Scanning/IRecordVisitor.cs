namespace OpsRunbook.Engine.Logs.Scanning;

/// <summary>Takes the records that a scan finds. One visitor serves one thread.</summary>
internal interface IRecordVisitor
{
    /// <summary>The place of a record in lines is wanted too, which costs a look at every byte.</summary>
    bool CountsLines { get; }

    /// <summary>Takes a record.</summary>
    /// <param name="record">Its lines without the last line end. Valid during the call only.</param>
    /// <param name="offset">Byte where it begins.</param>
    /// <param name="line">Line ends between the beginning of the scanned part and the record.</param>
    /// <param name="isCut">It was longer, and its end is missing.</param>
    void Visit(ReadOnlySpan<byte> record, long offset, long line, bool isCut);
}

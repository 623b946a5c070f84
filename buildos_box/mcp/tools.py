"""Every tool by its name. A new one is a function with `@tool`, in the list of its module."""

from buildos_box.mcp import day_tools, queue_tools, task_tools
from buildos_box.mcp.tool import Tool

TOOLS: dict[str, Tool] = {
    tool.name: tool for tool in (*day_tools.TOOLS, *task_tools.TOOLS, *queue_tools.TOOLS)
}
